"""Floor 2: prompts, encoders, embedding store, language models, generated text."""
