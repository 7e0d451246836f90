/* Completion for three shells.  Texts go into single quotes, so a quote in them is the only character
 * that needs care; zsh also reads brackets and colons. */
#include "base/text.h"
#include "cli/help.h"

#include <string.h>

/* What stands behind an option. */
enum operand {
    OPERAND_NONE,
    OPERAND_CHOICE,
    OPERAND_FILE,
    OPERAND_FOLDER,
    OPERAND_OTHER,
};

static enum operand operand_of(const struct option_row *row)
{
    if (row->value_name == NULL) {
        return OPERAND_NONE;
    }
    if (option_choice(row, 0) != NULL) {
        return OPERAND_CHOICE;
    }
    if (text_equal(row->value_name, "FILE")) {
        return OPERAND_FILE;
    }
    return text_equal(row->value_name, "FOLDER") ? OPERAND_FOLDER : OPERAND_OTHER;
}

static void put_choices(FILE *out, const struct option_row *row)
{
    for (size_t i = 0; option_choice(row, i) != NULL; i++) {
        (void)fprintf(out, "%s%s", i > 0 ? " " : "", option_choice(row, i));
    }
}

/* Inside single quotes; `special` characters get a backslash (zsh). */
static void put_quoted(FILE *out, const char *text, const char *special)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'') {
            (void)fputs("'\\''", out);
        } else {
            (void)fprintf(out, "%s%c", strchr(special, *p) != NULL ? "\\" : "", *p);
        }
    }
}

static bool is_offered(const struct option_row *row)
{
    return !row->unbuilt;
}

/* ---- bash. ---- */

static void bash_values(FILE *out, const struct command *command)
{
    for (size_t i = 0; i < command->options->n; i++) {
        const struct option_row *row = &command->options->rows[i];
        const enum operand operand = operand_of(row);
        if (!is_offered(row) || operand == OPERAND_NONE) {
            continue;
        }
        (void)fprintf(out, "        %s:--%s", command->name, row->name);
        if (row->letter != '\0') {
            (void)fprintf(out, "|%s:-%c", command->name, row->letter);
        }
        (void)fputs(") ", out);
        if (operand == OPERAND_CHOICE) {
            (void)fputs("words='", out);
            put_choices(out, row);
            (void)fputs("' ;;\n", out);
        } else if (operand == OPERAND_FILE) {
            (void)fputs("COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n", out);
        } else if (operand == OPERAND_FOLDER) {
            (void)fputs("COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n", out);
        } else {
            (void)fputs("return ;;\n", out);
        }
    }
}

static void bash_options(FILE *out, const struct command *command)
{
    (void)fprintf(out, "            %s) words='", command->name);
    for (size_t i = 0; i < command->options->n; i++) {
        if (is_offered(&command->options->rows[i])) {
            (void)fprintf(out, "--%s ", command->options->rows[i].name);
        }
    }
    (void)fputs("--help --version' ;;\n", out);
}

void completion_print_bash(const struct cli_context *context)
{
    FILE *out = context->out;
    (void)fputs(
        "# bash completion for bench; generated: bench help --format bash\n"
        "_bench()\n{\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
        "    local command=${COMP_WORDS[1]} words=''\n"
        "    COMPREPLY=()\n"
        "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='",
        out);
    for (size_t i = 0; i < command_table_len; i++) {
        (void)fprintf(out, "%s ", command_table[i]->name);
    }
    (void)fputs(
        "--help --version'\n"
        "        COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n        return\n    fi\n"
        "    case \"$command:$before\" in\n",
        out);
    for (size_t i = 0; i < command_table_len; i++) {
        bash_values(out, command_table[i]);
    }
    (void)fputs("        *) case \"$command\" in\n", out);
    for (size_t i = 0; i < command_table_len; i++) {
        bash_options(out, command_table[i]);
    }
    (void)fputs(
        "        esac\n"
        "        if [ \"${word#-}\" = \"$word\" ]; then\n"
        "            COMPREPLY=($(compgen -f -- \"$word\"))\n            return\n        fi ;;\n"
        "    esac\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
        "complete -o filenames -F _bench bench\n",
        out);
}

/* ---- zsh. ---- */

#define ZSH_SPECIAL "[]:\\"

static void zsh_action(FILE *out, const struct option_row *row)
{
    switch (operand_of(row)) {
    case OPERAND_NONE:
        return;
    case OPERAND_CHOICE:
        (void)fprintf(out, ":%s:(", row->value_name);
        put_choices(out, row);
        (void)fputc(')', out);
        return;
    case OPERAND_FILE:
        (void)fprintf(out, ":%s:_files", row->value_name);
        return;
    case OPERAND_FOLDER:
        (void)fprintf(out, ":%s:_files -/", row->value_name);
        return;
    case OPERAND_OTHER:
        (void)fputc(':', out);
        put_quoted(out, row->value_name, ZSH_SPECIAL);
        (void)fputs(": ", out);
        return;
    }
}

static void
zsh_option(FILE *out, const struct option_row *row, const char *dashes, const char *name)
{
    (void)fprintf(
        out, "                '%s%s%s%s[", row->type == OPTION_TEXTS ? "*" : "", dashes, name,
        row->value_name != NULL && strlen(dashes) == 2 ? "=" : "");
    put_quoted(out, row->help, ZSH_SPECIAL);
    (void)fputc(']', out);
    zsh_action(out, row);
    (void)fputs("' \\\n", out);
}

static void zsh_command(FILE *out, const struct command *command)
{
    (void)fprintf(out, "        %s)\n            _arguments \\\n", command->name);
    for (size_t i = 0; i < command->options->n; i++) {
        const struct option_row *row = &command->options->rows[i];
        if (!is_offered(row)) {
            continue;
        }
        zsh_option(out, row, "--", row->name);
        if (row->letter != '\0') {
            const char letter[2] = {row->letter, '\0'};
            zsh_option(out, row, "-", letter);
        }
    }
    (void)fputs(
        "                '--help[Print help and exit.]' \\\n"
        "                '--version[Print the version and exit.]' \\\n"
        "                '*:operand:_files' ;;\n",
        out);
}

void completion_print_zsh(const struct cli_context *context)
{
    FILE *out = context->out;
    (void)fputs(
        "#compdef bench\n# zsh completion for bench; generated: bench help --format zsh\n"
        "_bench()\n{\n    local -a commands\n    commands=(\n",
        out);
    for (size_t i = 0; i < command_table_len; i++) {
        (void)fprintf(out, "        '%s:", command_table[i]->name);
        put_quoted(out, command_table[i]->summary, "\\:");
        (void)fputs("'\n", out);
    }
    (void)fputs(
        "    )\n    if (( CURRENT == 2 )); then\n"
        "        _describe command commands\n        return\n    fi\n"
        "    local command=$words[2]\n    words=(\"${(@)words[2,-1]}\")\n    (( CURRENT-- ))\n"
        "    case $command in\n",
        out);
    for (size_t i = 0; i < command_table_len; i++) {
        zsh_command(out, command_table[i]);
    }
    (void)fputs("    esac\n}\n_bench \"$@\"\n", out);
}

/* ---- fish. ---- */

static void fish_option(FILE *out, const struct command *command, const struct option_row *row)
{
    (void)fprintf(
        out, "complete -c bench -n '__fish_seen_subcommand_from %s' -l %s", command->name,
        row->name);
    if (row->letter != '\0') {
        (void)fprintf(out, " -s %c", row->letter);
    }
    switch (operand_of(row)) {
    case OPERAND_NONE:
        break;
    case OPERAND_CHOICE:
        (void)fputs(" -x -a '", out);
        put_choices(out, row);
        (void)fputc('\'', out);
        break;
    case OPERAND_FILE:
        (void)fputs(" -r -F", out);
        break;
    case OPERAND_FOLDER:
        (void)fputs(" -x -a '(__fish_complete_directories)'", out);
        break;
    case OPERAND_OTHER:
        (void)fputs(" -x", out);
        break;
    }
    (void)fputs(" -d '", out);
    /* fish reads \' inside single quotes, and not the quotes of other shells. */
    for (const char *p = row->help; *p != '\0'; p++) {
        (void)fprintf(out, "%s%c", *p == '\'' || *p == '\\' ? "\\" : "", *p);
    }
    (void)fputs("'\n", out);
}

static void fish_options(FILE *out, const struct command *command)
{
    for (size_t i = 0; i < command->options->n; i++) {
        if (is_offered(&command->options->rows[i])) {
            fish_option(out, command, &command->options->rows[i]);
        }
    }
}

void completion_print_fish(const struct cli_context *context)
{
    FILE *out = context->out;
    (void)fputs("# fish completion for bench; generated: bench help --format fish\n", out);
    for (size_t i = 0; i < command_table_len; i++) {
        (void)fprintf(
            out, "complete -c bench -f -n __fish_use_subcommand -a %s -d '%s'\n",
            command_table[i]->name, command_table[i]->summary);
    }
    (void)fputs(
        "complete -c bench -l help -s h -d 'Print help and exit.'\n"
        "complete -c bench -l version -s V -d 'Print the version and exit.'\n",
        out);
    for (size_t i = 0; i < command_table_len; i++) {
        fish_options(out, command_table[i]);
    }
}
