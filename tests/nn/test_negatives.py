"""Samplers: their distribution, and that no negative is an item of the user."""

import torch

from foretaste.nn.membership import Membership
from foretaste.nn.negatives import NegativeSampler


def test_membership_equals_a_set():
    torch.manual_seed(0)
    users, items = torch.randint(20, (200,)), torch.randint(50, (200,))
    known = Membership(users, items, 50)
    pairs = set(zip(users.tolist(), items.tolist(), strict=True))
    asked_users, asked_items = torch.randint(20, (500,)), torch.randint(50, (500,))
    wanted = [(u, i) in pairs for u, i in zip(asked_users.tolist(), asked_items.tolist(), strict=True)]
    assert known(asked_users, asked_items).tolist() == wanted


def test_membership_of_nothing():
    empty = torch.empty(0, dtype=torch.int64)
    assert not Membership(empty, empty, 5)(torch.tensor([0, 1]), torch.tensor([0, 4])).any()


def test_own_never_draws_an_item_of_the_user():
    users = torch.arange(30).repeat_interleave(20)
    items = torch.randint(40, (600,), generator=torch.Generator().manual_seed(1))
    known = Membership(users, items, 40)
    for kind in ("uniform", "popularity"):
        sampler = NegativeSampler(kind, 40, counts=torch.bincount(items, minlength=40), known=known)
        drawn = sampler.own(torch.arange(30), 50)
        assert drawn.shape == (30, 50)
        assert not known(torch.arange(30)[:, None].expand(30, 50), drawn).any()


def test_own_ends_for_a_user_who_has_everything():
    known = Membership(torch.zeros(5, dtype=torch.int64), torch.arange(5), 5)
    assert NegativeSampler("uniform", 5, known=known).own(torch.zeros(3, dtype=torch.int64), 2).shape == (3, 2)


def test_popularity_draws_in_proportion():
    counts = torch.tensor([0, 10, 30, 60])
    torch.manual_seed(0)
    drawn = NegativeSampler("popularity", 4, counts=counts).draw((40_000,))
    share = torch.bincount(drawn, minlength=4) / 40_000
    assert torch.allclose(share, counts / 100, atol=0.01)
    assert share[0] == 0


def test_in_batch_takes_the_targets_and_knows_their_rate():
    counts = torch.tensor([10, 30, 60])
    targets = torch.tensor([2, 2, 1])
    drawn, log_expected = NegativeSampler("in-batch", 3, counts=counts).shared(99, targets)
    assert drawn.tolist() == targets.tolist()
    torch.testing.assert_close(log_expected.exp(), torch.tensor([1.8, 1.8, 0.9]))
