"""The plain OpenAI routes that are only ever passed on: completions, embeddings, images, audio, moderations, rerank."""
