/* err.c - the words for what the caller must do next. */
#include "base/err.h"
#include "base/mem.h"

static const char *const texts[] = {
    [OK] = "ok",
    [ERR_GONE] = "gone",
    [ERR_SYNTAX] = "syntax error",
    [ERR_DENIED] = "not allowed",
    [ERR_NOTFOUND] = "not found",
    [ERR_EXISTS] = "already exists",
    [ERR_LIMIT] = "limit reached",
    [ERR_LATER] = "not possible now, try again later",
    [ERR_CONFLICT] = "changed by somebody else meanwhile",
    [ERR_UNKNOWN] = "no answer, outcome unknown",
    [ERR_TOO_OLD] = "changes no longer kept, start over",
    [ERR_CORRUPT] = "stored data is damaged",
};

const char *err_text(enum err e)
{
    size_t i = (size_t)e;
    return i < COUNT_OF(texts) && texts[i] ? texts[i] : "unheard-of error";
}
