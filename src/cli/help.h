/* help.h - help in words, from the tables of commands, options and topics. */
#pragma once

#include "cli/command.h"

/* A page that belongs to no single command. */
struct topic {
    const char *name;
    const char *summary;
    const char *text; /* paragraphs by one empty line apart; lines behind blanks are kept */
};

extern const struct topic topic_table[];
extern const size_t topic_table_len;

/* All commands; `planned`: those too that are not built yet. */
void help_print_overview(const struct cli_context *context, bool planned);

/* One command with its options. */
void help_print_command(const struct cli_context *context, const struct command *command);
void help_print_topic(const struct cli_context *context, const struct topic *topic);

/* What help tells behind an option's text: choices, range, default, exclusions; "" for none. */
enum {
    HELP_FACTS_SIZE = 512
};

void help_option_facts(const struct option_row *row, char out[HELP_FACTS_SIZE]);

/* Generated documents, from the same tables. */
void reference_print_markdown(const struct cli_context *context);
/* The man page of a command, of all of them for NULL. */
void reference_print_man(const struct cli_context *context, const struct command *command);
void completion_print_bash(const struct cli_context *context);
void completion_print_zsh(const struct cli_context *context);
void completion_print_fish(const struct cli_context *context);
