/* main.c - the program: reads the configuration and calls the command that was asked for. */
#include "base/limits.h"
#include "cli/cli.h"
#include "deliver/deliver.h"
#include "posthorn/serve.h"
#include "posthorn/settings.h"
#include "base/log.h"
#include "run/process.h"
#include "run/tls.h"
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2, ARGS_MAX = 256, MAIN_ARENA_BYTES = 1024 * 1024 };
static const char config_default[] = "/etc/posthorn/posthorn.conf";

struct args {
    const char *config_path; /* NULL: none was named and the standard one is not there */
    str words[ARGS_MAX];
    size_t n;
};

static void usage(void)
{
    struct buf b = buf_make(64 * 1024);
    buf_add(&b,
            S("Posthorn " PH_VERSION ": a complete mail system in one program\n\n"
              "usage: posthorn [--config FILE] COMMAND …\n\n"
              "  posthorn serve                        run the server\n"
              "  posthorn serve --supervise            the same, started again when it dies\n"
              "  posthorn serve --print-config         print the default configuration, commented\n"
              "  posthorn serve --check-config         read the configuration and say whether it "
              "is right\n"));
    for (size_t i = 0; i < cli_commands_count; i++)
        buf_addf(&b, "  posthorn %-28s %s\n", cli_commands[i].name, cli_commands[i].help);
    admin_usage(&b);
    buf_addf(&b,
             "  posthorn version\n\nThe configuration is $POSTHORN_CONFIG or %s. See posthorn(1), "
             "posthorn.conf(5).\n",
             config_default);
    cli_print(buf_str(&b));
    buf_free(&b);
}

static bool args_read(int argc, char **argv, struct args *args)
{
    args->config_path = getenv("POSTHORN_CONFIG");
    for (int i = 1; i < argc; i++) {
        str word = str_of(argv[i]);
        if (str_eq(word, S("--config")) && i + 1 == argc)
            return cli_complain("--config wants a file"), false;
        if (str_eq(word, S("--config")))
            args->config_path = argv[++i];
        else if (args->n < ARGS_MAX)
            args->words[args->n++] = word;
        else
            return cli_complain("too many words"), false;
    }
    return true;
}

/* The file that was named must be there; the standard one may be absent. */
static struct config *config_read(const char *path)
{
    struct seam *seam = seam_real_new("/");
    struct arena a = arena_make(64 * 1024);
    struct buf why = buf_make(4096);
    struct config *c = NULL;
    int file = path ? -1 : seam_open(seam, config_default, SEAM_READ);
    if (file >= 0) {
        seam_close(seam, file);
        path = config_default;
    }
    if (path) path = cli_full_path(str_of(path), &a);
    if (config_load(seam, path, all_sections, all_sections_count, &c, &why)) {
        cli_complain("%.*s", STR_ARG(buf_str(&why)));
        c = NULL;
    }
    buf_free(&why);
    arena_free(&a);
    seam_free(seam);
    return c;
}

/* The default file, or for the build what posthorn.conf(5) says of each setting. */
static int print_config(bool man)
{
    struct buf b = buf_make(CONFIG_FILE_BYTES);
    if (man)
        config_print_man(all_sections, all_sections_count, &b);
    else
        config_print_defaults(all_sections, all_sections_count, &b);
    cli_print(buf_str(&b));
    buf_free(&b);
    return 0;
}

static bool no_more(void *arg, const char *name)
{
    (void)arg, (void)name;
    return false;
}

static bool args_have(const struct args *args, str option)
{
    return args->n == 2 && str_eq(args->words[1], option);
}

/* A data folder that is not there is made for the server alone, one level deep: a mistyped name
 * shall not become an empty store. Then it is missing, and the seam has none. */
static struct seam *data_seam(const struct config *c, bool make, struct arena *a,
                              const char **missing)
{
    const struct server_settings *s = config_section(c, "server");
    const char *dir = arena_cstr(a, s->data_dir);
    if (!dir) return NULL;
    struct seam *root = seam_real_new("/");
    if (!make && seam_list(root, dir, no_more, NULL) == -ENOENT) {
        *missing = dir;
        return root;
    }
    seam_free(root);
    return seam_real_new(dir);
}

/* command: one that reads or writes files as the person who calls it; NULL: serve, or a request. */
static int run_configured(const struct args *args, const struct config *c,
                          const struct cli_command *command)
{
    struct arena a = arena_make(MAIN_ARENA_BYTES);
    bool is_server = str_eq(args->words[0], S("serve"));
    const char *missing = NULL;
    struct seam *seam = data_seam(c, is_server, &a, &missing);
    struct cli cli = { .seam = seam,
                       .missing = missing,
                       .store = config_section(c, "store"),
                       .auth = config_section(c, "auth") };
    int status = 1;
    if (!seam || !control_address(c, &cli.control))
        cli_complain("the data folder's path is too long");
    else if (is_server)
        status = guarded_serve(seam, c, args_have(args, S("--supervise")));
    else if (command)
        status = command->run(&cli, args->words + 1, args->n - 1);
    else if (!process_become_owner(seam_data_dir(seam)))
        cli_complain("cannot become the owner of %s", seam_data_dir(seam));
    else
        status = cli_admin(&cli, args->words, args->n);
    if (seam) seam_free(seam);
    arena_free(&a);
    return status;
}

static int check_config(const struct config *c)
{
    struct seam *seam = seam_real_new("/");
    bool right = serve_check(seam, c);
    seam_free(seam);
    if (right) cli_print(S("the configuration is right\n"));
    return right ? 0 : 1;
}

static bool usable(const struct config *c)
{
    struct buf why = buf_make(8192);
    bool good = settings_usable(c, &why);
    if (!good) cli_complain("%.*s", STR_ARG(buf_str(&why)));
    buf_free(&why);
    return good;
}

static int serve_usage(str word)
{
    cli_complain("serve does not know '%.*s'; posthorn help says what it takes", STR_ARG(word));
    return EXIT_USAGE;
}

static int run_server(const struct args *args)
{
    if (args->n > 2) return serve_usage(args->words[2]);
    if (args->n == 2 && str_eq(args->words[1], S("--help"))) return usage(), 0;
    if (args->n == 2 && str_eq(args->words[1], S("--print-config"))) return print_config(false);
    if (args->n == 2 && str_eq(args->words[1], S("--print-man"))) return print_config(true);
    bool check = args_have(args, S("--check-config"));
    if (args->n == 2 && !check && !args_have(args, S("--supervise")))
        return serve_usage(args->words[1]);

    struct config *c = config_read(args->config_path);
    if (!c) return 1;
    int status = 1;
    if (usable(c)) status = check ? check_config(c) : run_configured(args, c, NULL);
    config_free(c);
    return status;
}

static int run_tool(const struct cli_command *command, const struct args *args)
{
    struct seam *seam = seam_real_new("/");
    struct cli cli = { .seam = seam };
    int status = command->run(&cli, args->words + 1, args->n - 1);
    seam_free(seam);
    return status;
}

static int run(const struct args *args)
{
    str first = args->n ? args->words[0] : S("help");
    if (str_eq(first, S("serve"))) return run_server(args);
    if (str_eq(first, S("help")) || str_eq(first, S("--help")) || str_eq(first, S("-h")))
        return usage(), args->n ? 0 : EXIT_USAGE;
    if (str_eq(first, S("version")) || str_eq(first, S("--version")))
        return cli_print(S("posthorn " PH_VERSION "\n")), 0;
    const struct cli_command *command = NULL;
    for (size_t i = 0; i < cli_commands_count; i++)
        if (str_eq(first, str_of(cli_commands[i].name))) command = &cli_commands[i];
    if (command && !command->configured) return run_tool(command, args);

    struct config *c = config_read(args->config_path);
    if (!c) return 1;
    int status = run_configured(args, c, command);
    config_free(c);
    return status;
}

int main(int argc, char **argv)
{
    static struct args args; /* too large for a frame */
    tls_wipe_freed();
    process_log_to_fd(2);
    process_name_lost_pages();
    mem_give_back();
    log_level_set(LOG_WARN);
    return args_read(argc, argv, &args) ? run(&args) : EXIT_USAGE;
}
