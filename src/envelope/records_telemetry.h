/* records_telemetry.h - what samplers recorded, as lines of the records file: one line "telemetry", then
 * one line "track" for each source.  Internal to envelope/. */
#pragma once

#include "base/bytes.h"
#include "envelope/records_field.h"
#include "stats/track.h"

extern const struct field field_telemetry[]; /* struct telemetry but for its tracks */
extern const size_t field_telemetry_len;
extern const struct field field_track[]; /* struct track but for its columns and samples */
extern const size_t field_track_len;

/* Appends one line each: the "telemetry" line first, then those of its tracks. */
void records_write_telemetry(const struct telemetry *telemetry, struct bytes *out);
void records_write_track(const struct track *track, struct bytes *out);

/* Reads the value of a member of a "track" line that the table has not: gaps_ns, columns.  *known is
 * false when the key is neither (nothing was taken then).  The number of samples must stand before
 * them.  Returns NULL, or what is wrong. */
const char *
track_read_member(struct track *track, struct json_pull *pull, struct arena *arena, bool *known);

/* After the last member.  Returns NULL, or what is wrong. */
const char *track_finish(const struct track *track);
