/* Common English words that are one token each with the blank before them, also with a capital, in five
 * vocabularies: cl100k and o200k (npm gpt-tokenizer 4.0.0), Llama 2 (llama-tokenizer-js 1.2.2), Llama 3
 * (llama3-tokenizer-js 1.2.0) and Mistral 7B (mistral-tokenizer-js 1.0.0).  tests/oracle/word_tokens.mjs
 * checks the list again.  Prompts depend on the order: append, never reorder. */
#include "base/attr.h"
#include "suite/synthetic.h"

/* clang-format off */
const char *const synthetic_words[] = {
    "time", "year", "people", "way", "day", "man", "woman", "life", "child", "world", "school",
    "state", "family", "student", "group", "country", "problem", "hand", "part", "place", "case",
    "week", "company", "system", "program", "question", "work", "number", "night", "point", "home",
    "water", "room", "mother", "area", "story", "month", "lot", "right", "study", "book", "job",
    "word", "business", "issue", "side", "kind", "head", "house", "service", "friend", "father",
    "power", "game", "line", "end", "member", "law", "car", "city", "community", "name",
    "president", "team", "body", "information", "back", "parent", "face", "level", "office",
    "health", "person", "art", "history", "party", "result", "change", "research", "girl", "air",
    "force", "education", "foot", "boy", "age", "policy", "music", "market", "nation", "plan",
    "college", "interest", "effect", "use", "class", "control", "care", "field", "development",
    "heart", "show", "light", "police", "mind", "price", "report", "son", "view", "town", "road",
    "arm", "value", "building", "action", "season", "society", "tax", "director", "position",
    "player", "record", "space", "form", "event", "official", "center", "site", "project",
    "activity", "star", "table", "need", "court", "cost", "figure", "street", "image", "phone",
    "data", "picture", "land", "product", "doctor", "wall", "news", "test", "movie", "north",
    "love", "support", "technology", "step", "baby", "computer", "type", "film", "tree", "source",
    "window", "culture", "energy", "period", "summer", "plant", "term", "rule", "south",
    "material", "call", "hospital", "church", "fire", "future", "bank", "west", "sport", "board",
    "officer", "rest", "performance", "top", "second", "bed", "order", "author", "nature", "color",
    "store", "sound", "page", "race", "series", "language", "response", "animal", "article",
    "east", "stock", "career", "size", "dog", "fund", "media", "sign", "list", "answer",
    "resource", "success", "cup", "staff", "character", "region", "television", "box", "training",
    "trade", "standard", "bill", "message", "analysis", "section", "sister", "professor",
    "operation", "stage", "design", "sort", "station", "song", "example", "environment", "leg",
    "dark", "public", "note", "base", "garden", "river", "mountain", "lake", "island", "forest",
    "beach", "ocean", "bridge", "train", "bird", "fish", "cat", "apple", "orange", "salt", "chair",
    "watch", "hat", "ring", "stone", "metal", "wood", "iron", "gold", "silver", "winter", "spring",
    "rain", "snow", "wind", "storm", "cloud", "sun", "moon", "sky", "earth", "engine", "machine",
    "tool", "key", "lock", "bag", "card", "map", "camera", "radio", "screen", "button", "network",
    "server", "file", "code", "script", "module", "memory", "cache", "thread", "process",
    "function", "string", "object", "method", "good", "new", "first", "last", "long", "great",
    "little", "other", "old", "big", "high", "small", "next", "early", "young", "bad", "same",
    "best", "better", "sure", "free", "true", "full", "open", "clear", "close", "late", "single",
    "hard", "common", "major", "simple", "white", "black", "red", "green", "blue", "brown", "cold",
    "hot", "fast", "quick", "deep", "short", "rich", "bright", "round", "square", "happy",
    "normal", "special", "local", "national", "global", "private", "natural", "human", "social",
    "medical", "final", "main", "basic", "current", "similar", "general", "modern", "central",
    "have", "make", "go", "know", "take", "see", "come", "think", "look", "give", "find", "tell",
    "ask", "try", "keep", "let", "begin", "help", "turn", "start", "play", "run", "move", "like",
    "live", "hold", "write", "stand", "pay", "set", "follow", "stop", "create", "read", "allow",
    "add", "walk", "win", "remember", "consider", "wait", "send", "build", "fall", "pass",
    "return", "develop", "hope", "drive", "break", "remove", "cover", "draw", "save", "act",
    "share", "check", "drop", "fix", "cook", "sing", "dance", "dream", "cry", "fly", "search",
    "count", "mark", "print", "the", "of", "and", "to", "in", "for", "on", "with", "at", "by",
    "from", "about", "over", "after", "under", "between", "through", "during", "before", "without",
    "within", "near", "below", "among", "until", "while", "because", "although", "though", "since",
    "unless", "whether", "where", "when", "what", "who", "how", "why", "then", "also", "only",
    "just", "even", "still", "always", "never", "again", "once", "later", "today", "now", "here",
    "there", "perhaps", "maybe", "very", "much", "many", "more", "most", "less", "both", "each",
    "every", "either", "another", "some", "any", "all", "several",
};
/* clang-format on */

const uint32_t synthetic_words_len = ARRAY_LEN(synthetic_words);
