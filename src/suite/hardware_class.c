/* How much slower than an H100 a class is allowed to be.
 *
 * Rows marked "given" have the multipliers of the public Python suite (inferencebench-llm 0.1.0,
 * slo_profiles.py), so that a verdict means the same on both sides.  It has no rows for the others
 * and judges most of them as "cpu".  Theirs follow from a given relative, the anchor:
 *     multiplier = anchor's * max(sqrt(anchor bandwidth / bandwidth), sqrt(anchor compute / compute))
 * rounded to a tenth, with memory bandwidth in GB/s and dense FP16 matrix compute in TFLOP/s from the
 * vendors' data sheets: decoding is bound by the one, prefill by the other, and the root is what the
 * given consumer rows follow.  A name that is not here is unknown, never taken for a similar one. */
#include "suite/slo.h"

#include <strings.h>

const struct hardware_class hardware_class_table[] = {
    /* Base of every template.  Given: 3350 GB/s, 989 TFLOP/s. */
    {"h100", 1.0, "NVIDIA H100"},
    /* Given: 4800, 989. */
    {"h200", 0.6, "NVIDIA H200"},
    /* From h200: 8000, 2250. */
    {"b200", 0.5, "NVIDIA B200"},
    /* From h200: 8000, 2500. */
    {"gb200", 0.5, "NVIDIA GB200"},
    /* From h200: 4000 (with HBM3), 989. */
    {"gh200", 0.7, "NVIDIA GH200"},
    /* From h100: 4000, 148. */
    {"h20", 2.6, "NVIDIA H20"},
    /* From h100: 3350, 989. */
    {"h800", 1.0, "NVIDIA H800"},
    /* Given: 2039, 312. */
    {"a100", 1.5, "NVIDIA A100"},
    /* From a100: 2039, 312. */
    {"a800", 1.5, "NVIDIA A800"},
    /* From a100: 696, 150. */
    {"a40", 2.6, "NVIDIA A40"},
    /* From a100: 933, 165. */
    {"a30", 2.2, "NVIDIA A30"},
    /* From a100: 600, 125. */
    {"a10", 2.8, "NVIDIA A10"},
    /* From a100: 600, 70. */
    {"a10g", 3.2, "NVIDIA A10G"},
    /* From a100: 900, 125. */
    {"v100", 2.4, "NVIDIA V100"},
    /* Given: 300, 121. */
    {"l4", 2.5, "NVIDIA L4"},
    /* From rtx-4090: 864, 362. */
    {"l40s", 1.9, "NVIDIA L40S"},
    /* From rtx-4090: 864, 181. */
    {"l40", 2.4, "NVIDIA L40"},
    /* From l4: 320, 65. */
    {"t4", 3.4, "NVIDIA T4"},
    /* Given: 1792, 419. */
    {"rtx-5090", 1.2, "NVIDIA GeForce RTX 5090"},
    /* From rtx-5090: 960, 225. */
    {"rtx-5080", 1.6, "NVIDIA GeForce RTX 5080"},
    /* Given: 1008, 330. */
    {"rtx-4090", 1.8, "NVIDIA GeForce RTX 4090"},
    /* Given. */
    {"rtx-4080", 2.2, "NVIDIA GeForce RTX 4080"},
    /* Given. */
    {"rtx-4070", 2.8, "NVIDIA GeForce RTX 4070"},
    /* Given: 936, 142. */
    {"rtx-3090", 3.0, "NVIDIA GeForce RTX 3090"},
    /* From rtx-3090: 760, 119. */
    {"rtx-3080", 3.3, "NVIDIA GeForce RTX 3080"},
    /* From rtx-3090: 768, 155. */
    {"rtx-a6000", 3.3, "NVIDIA RTX A6000"},
    /* From rtx-5090: 1792, 503. */
    {"rtx-pro-6000", 1.2, "NVIDIA RTX PRO 6000 Blackwell"},
    /* Given. */
    {"rtx-ada-workstation", 2.0, "NVIDIA RTX 4000 to 6000 Ada, desktop"},
    /* Given. */
    {"rtx-ada-laptop", 5.0, "NVIDIA RTX 3000 to 5000 Ada, laptop"},
    /* Given: 5300, 1307. */
    {"mi300x", 1.2, "AMD Instinct MI300X"},
    /* From mi300x: 6000, 1307. */
    {"mi325x", 1.2, "AMD Instinct MI325X"},
    /* From mi300x: 8000, 2516. */
    {"mi355x", 1.0, "AMD Instinct MI355X"},
    /* From mi300x: 3277, 383. */
    {"mi250x", 2.2, "AMD Instinct MI250X"},
    /* Given. */
    {"m-series", 5.0, "Apple M1 and later"},
    /* Given. */
    {"cpu", 20.0, "CPU only"},
};
const size_t hardware_class_table_len =
    sizeof(hardware_class_table) / sizeof(hardware_class_table[0]);

const struct hardware_class *hardware_class_find(const char *name)
{
    for (size_t i = 0; i < hardware_class_table_len; i++) {
        if (strcasecmp(hardware_class_table[i].name, name) == 0) {
            return &hardware_class_table[i];
        }
    }
    return NULL;
}
