"""The chunked softmax loss against torch's own cross-entropy."""

import pytest
import torch
from torch.nn import functional as F

from foretaste.nn.items import IdTable
from foretaste.nn.losses import softmax
from foretaste.nn.losses.softmax import SoftmaxLoss, Workspace, linear_cross_entropy


def _naive(states, table, targets):
    states, table = states.clone().requires_grad_(), table.clone().requires_grad_()
    loss = F.cross_entropy(states @ table.T, targets)
    loss.backward()
    return loss.detach(), states.grad, table.grad


@pytest.mark.parametrize("rows", [1, 7, 64, 65, 129, 160])
@pytest.mark.parametrize("items", [48, 50])
def test_equals_cross_entropy_across_chunks(monkeypatch, rows, items):
    """Also where the catalogue is padded to whole cache lines."""
    monkeypatch.setattr(softmax, "CHUNK", 64)
    torch.manual_seed(rows)
    states, table, targets = torch.randn(rows, 16), torch.randn(items, 16), torch.randint(items, (rows,))
    wanted = _naive(states, table, targets)
    states.requires_grad_()
    table.requires_grad_()
    loss = linear_cross_entropy(states, table, targets, dtype=torch.float32)
    (3 * loss).backward()
    torch.testing.assert_close(loss.detach(), wanted[0])
    torch.testing.assert_close(states.grad, 3 * wanted[1], atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(table.grad, 3 * wanted[2], atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("rows", [1, 65, 160])
def test_a_state_may_have_several_targets_or_none(monkeypatch, rows):
    monkeypatch.setattr(softmax, "CHUNK", 64)
    torch.manual_seed(rows)
    states, table = torch.randn(rows, 16, requires_grad=True), torch.randn(50, 16, requires_grad=True)
    lengths = torch.randint(4, (rows,))
    targets = torch.randint(50, (int(lengths.sum()),))
    owners = torch.repeat_interleave(torch.arange(rows), lengths)
    naive = -(F.log_softmax(states @ table.T, dim=1)[owners, targets]).sum() / rows
    wanted = torch.autograd.grad(2 * naive, [states, table])
    loss = linear_cross_entropy(states, table, targets, lengths=lengths, dtype=torch.float32)
    torch.testing.assert_close(loss, naive)
    for found, one in zip(torch.autograd.grad(2 * loss, [states, table]), wanted, strict=True):
        torch.testing.assert_close(found, one, atol=1e-5, rtol=1e-4)


def test_wide_products_run_in_bfloat16_where_a_processor_has_it(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    for has, width, wanted in ((True, 256, True), (True, 64, False), (False, 256, False)):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda has=has: has)
        assert softmax.fast_bfloat16(torch.device("cpu"), width) == wanted


def test_bfloat16_stays_close():
    torch.manual_seed(0)
    states, table, targets = torch.randn(300, 32), torch.randn(400, 32) * 0.2, torch.randint(400, (300,))
    wanted = _naive(states, table, targets)
    states.requires_grad_()
    table.requires_grad_()
    loss = linear_cross_entropy(states, table, targets, dtype=torch.bfloat16)
    loss.backward()
    assert abs(loss.item() - wanted[0].item()) < 2e-3
    for got, want in ((states.grad, wanted[1]), (table.grad, wanted[2])):
        assert ((got - want).norm() / want.norm()).item() < 5e-3


def test_reused_buffers_do_not_leak_between_steps():
    workspace = Workspace()
    torch.manual_seed(1)
    for rows in (30, 90, 10):
        states, table, targets = torch.randn(rows, 8), torch.randn(40, 8), torch.randint(40, (rows,))
        loss = linear_cross_entropy(states, table, targets, dtype=torch.float32, workspace=workspace)
        torch.testing.assert_close(loss, F.cross_entropy(states @ table.T, targets))


def test_temperature_divides_the_scores():
    torch.manual_seed(2)
    items, states, targets = IdTable(20, 8), torch.randn(6, 8), torch.randint(20, (6,))
    loss = SoftmaxLoss(temperature=0.5, precision="fp32")(states, targets, targets, items)
    torch.testing.assert_close(loss, F.cross_entropy(states @ items.weight.T / 0.5, targets))
