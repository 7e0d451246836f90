/* sim_defaults.h - what the simulated engine does when nothing is said, for `sim` and `run`. */
#pragma once

#define SIM_DEFAULT_TTFT_MS   "20"
#define SIM_DEFAULT_ITL_MS    "8"
#define SIM_DEFAULT_TOKENS    "128"
#define SIM_DEFAULT_MAX_BATCH "32"
#define SIM_DEFAULT_JITTER    "0.02"
