"""What a language model is shown of an item and of a user, declared in a specification and never made up on the way."""

from foretaste.text.prompts.columns import ColumnUse, default_spec, judge_columns
from foretaste.text.prompts.items import ItemPrompts, item_prompts, item_titles
from foretaste.text.prompts.reading import read_spec, read_user_spec, spec_toml, write_spec
from foretaste.text.prompts.spec import Field, PromptSpec, UserPromptSpec
from foretaste.text.prompts.users import user_prompts

__all__ = [
    "ColumnUse",
    "Field",
    "ItemPrompts",
    "PromptSpec",
    "UserPromptSpec",
    "default_spec",
    "item_prompts",
    "item_titles",
    "judge_columns",
    "read_spec",
    "read_user_spec",
    "spec_toml",
    "user_prompts",
    "write_spec",
]
