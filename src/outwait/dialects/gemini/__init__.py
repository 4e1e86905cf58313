"""The Gemini dialect: generateContent and its stream as SSE or as one JSON array, countTokens, embeddings."""
