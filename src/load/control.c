/* The window opens a little after the decision, so that the workers need no handshake: whoever sends
 * inside it has read the same two numbers. */
#include "load/control.h"

#include "base/clock.h"

#include <assert.h>
#include <math.h>

/* Under the lock, once. */
static void control_open_window(struct control *self, int64_t start_ns, enum gate_result gate)
{
    self->gate = gate;
    self->gate_cov = gate_cov(&self->values);
    const int64_t duration_ns = self->options.duration_ns;
    if (duration_ns != CLOCK_NEVER) {
        atomic_store(&self->window_end_ns, start_ns + duration_ns);
    }
    atomic_store(&self->window_start_ns, start_ns);
}

void control_init(struct control *self, const struct control_options *options)
{
    *self = (struct control){.options = *options, .gate = GATE_OFF, .gate_cov = (double)NAN};
    const int result = pthread_mutex_init(&self->lock, NULL);
    assert(result == 0);
    (void)result;
    gate_init(&self->values, options->gate);
    atomic_store(&self->window_start_ns, CLOCK_NEVER);
    atomic_store(&self->window_end_ns, CLOCK_NEVER);
    atomic_store(&self->n_busy, options->n_workers);
    if (options->warmup_completions == 0 && options->gate == GATE_MODE_OFF) {
        control_open_window(self, 0, GATE_OFF);
    }
}

void control_done(struct control *self)
{
    (void)pthread_mutex_destroy(&self->lock);
}

void control_add_warmup(struct control *self, double ttft_ms, int64_t now_ns)
{
    (void)pthread_mutex_lock(&self->lock);
    if (control_window_start(self) == CLOCK_NEVER) {
        self->n_warmup++;
        if (!isnan(ttft_ms)) {
            gate_add(&self->values, ttft_ms);
        }
        enum gate_result gate = GATE_OFF;
        if (self->n_warmup >= self->options.warmup_completions &&
            gate_is_open(&self->values, &gate)) {
            control_open_window(self, now_ns + CONTROL_WINDOW_LEAD_NS, gate);
        }
    }
    (void)pthread_mutex_unlock(&self->lock);
}

void control_check_timeout(struct control *self, int64_t now_ns)
{
    if (control_window_start(self) != CLOCK_NEVER || now_ns < self->options.warmup_timeout_ns) {
        return;
    }
    (void)pthread_mutex_lock(&self->lock);
    if (control_window_start(self) == CLOCK_NEVER) {
        control_open_window(self, now_ns + CONTROL_WINDOW_LEAD_NS, GATE_TIMEOUT);
    }
    (void)pthread_mutex_unlock(&self->lock);
}

void control_interrupt(struct control *self, int64_t now_ns)
{
    (void)pthread_mutex_lock(&self->lock);
    if (control_window_start(self) == CLOCK_NEVER) {
        control_open_window(self, now_ns, GATE_OFF);
    }
    if (control_window_end(self) > now_ns) {
        atomic_store(&self->window_end_ns, now_ns);
    }
    (void)pthread_mutex_unlock(&self->lock);
}
