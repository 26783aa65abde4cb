/* config_print.c - the settings' tables as a commented default file and as a man page's body. */
#include "run/config_int.h"

/* --- the default file ------------------------------------------------------------------------- */

static void print_comment(str text, struct buf *out)
{
    for (str line; str_split(&text, '\n', &line);)
        buf_addf(out, "# %.*s\n", STR_ARG(line));
}

/* Commented out: whoever changes nothing gets the defaults of the next version too. */
static void print_row(const struct setting *row, struct buf *out)
{
    buf_addc(out, '\n');
    print_comment(str_of(row->help), out);
    buf_add(out, S("# Wants "));
    setting_wants(row, out);
    setting_range(row, out);
    buf_addf(out, "%s\n", row->value ? "." : "; must be given.");
    buf_addf(out, "#%s =", row->name);
    if (row->value && row->value[0]) buf_addf(out, " %s", row->value);
    buf_addc(out, '\n');
}

static void print_example(const char *example, struct buf *out)
{
    str rest = str_of(example);
    if (rest.n == 0) return;
    buf_add(out, S("\n# Example:\n"));
    for (str line; str_split(&rest, '\n', &line);)
        buf_addf(out, "#%.*s\n", STR_ARG(line));
}

static void print_section(const struct settings_section *s, struct buf *out)
{
    print_comment(str_of(s->help), out);
    buf_addf(out, s->named ? "#[%s NAME]\n" : "[%s]\n", s->name);
    for (size_t i = 0; i < s->n; i++)
        print_row(&s->rows[i], out);
    print_example(s->example, out);
}

void config_print_defaults(const struct settings_section *const *sections, size_t n,
                           struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0) buf_addc(out, '\n');
        print_section(sections[i], out);
    }
}

/* --- the man page (mdoc) ---------------------------------------------------------------------- */

/* A line that begins with a dot is a request, and a backslash an escape: neither is meant here. */
static void man_text(str text, struct buf *out)
{
    for (str line; str_split(&text, '\n', &line);) {
        if (line.n > 0 && (line.p[0] == '.' || line.p[0] == '\'')) buf_add(out, S("\\&"));
        for (size_t i = 0; i < line.n; i++) {
            if (line.p[i] == '\\')
                buf_add(out, S("\\e"));
            else
                buf_addc(out, line.p[i]);
        }
        buf_addc(out, '\n');
    }
}

static void man_row(const struct setting *row, struct buf *out)
{
    buf_addf(out, ".It Ic %s\n", row->name);
    man_text(str_of(row->help), out);
    buf_add(out, S("Wants "));
    setting_wants(row, out);
    setting_range(row, out);
    if (!row->value)
        buf_add(out, S("; must be given.\n"));
    else if (row->value[0] == '\0')
        buf_add(out, S("; empty by default.\n"));
    else
        buf_addf(out, ".\nDefault:\n.Ql %s .\n", row->value);
}

void config_print_man(const struct settings_section *const *sections, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct settings_section *s = sections[i];
        buf_addf(out, ".Ss [%s%s]\n", s->name, s->named ? " NAME" : "");
        man_text(str_of(s->help), out);
        buf_add(out, S(".Bl -tag -width Ds\n"));
        for (size_t row = 0; row < s->n; row++)
            man_row(&s->rows[row], out);
        buf_add(out, S(".El\n"));
    }
}
