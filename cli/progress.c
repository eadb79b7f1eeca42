/* SPDX-License-Identifier: MIT */
/*
 * progress.c -- see progress.h.
 */
#include "progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alamo/net/loop.h"

#define TERMINAL_MS 200u
#define PIPE_MS 60000u
#define SETTLED_MS 1000u /* no rate before that */
#define MINUTE 60u
#define HOUR 3600u

/* A line stands at the terminal, and is not ended. */
static volatile sig_atomic_t standing;

/* ---- what is shown ---- */

bool progress_due(struct progress *p, uint64_t now_ms)
{
	uint64_t last = p->shown ? p->shown_ms : p->began_ms;

	if (now_ms < last || now_ms - last < (p->terminal ? TERMINAL_MS : PIPE_MS))
		return false;
	p->shown_ms = now_ms;
	p->shown = true;
	return true;
}

static void left_put(uint64_t seconds, char *text, size_t cap)
{
	if (seconds >= HOUR)
		(void)snprintf(text, cap, ", %" PRIu64 " h %" PRIu64 " min left", seconds / HOUR,
			       seconds % HOUR / MINUTE);
	else if (seconds >= MINUTE)
		(void)snprintf(text, cap, ", %" PRIu64 " min %" PRIu64 " s left", seconds / MINUTE, seconds % MINUTE);
	else
		(void)snprintf(text, cap, ", %" PRIu64 " s left", seconds);
}

void progress_text(const struct progress *p, uint64_t done, uint64_t total, uint64_t now_ms,
		   char text[static PROGRESS_TEXT_MAX])
{
	uint64_t took_ms = now_ms > p->began_ms ? now_ms - p->began_ms : 0, made = done > p->from ? done - p->from : 0;
	double rate = took_ms >= SETTLED_MS ? (double)made * 1000.0 / (double)took_ms : 0.0;
	char of[64] = "", share[32] = "", speed[48] = "", left[64] = "";

	if (total >= done && total > 0) {
		(void)snprintf(of, sizeof(of), " of %" PRIu64, total);
		(void)snprintf(share, sizeof(share), ", %u %%", (unsigned)((double)done * 100.0 / (double)total));
	}
	if (rate >= 10.0)
		(void)snprintf(speed, sizeof(speed), ", %.0f/s", rate);
	else if (rate > 0.0)
		(void)snprintf(speed, sizeof(speed), ", %.1f/s", rate);
	if (rate > 0.0 && total > done)
		left_put((uint64_t)((double)(total - done) / rate + 0.5), left, sizeof(left));
	(void)snprintf(text, PROGRESS_TEXT_MAX, "%s: %" PRIu64 "%s %s%s%s%s", p->what, done, of, p->unit, share, speed,
		       left);
}

/* ---- showing it ---- */

/* The shell's prompt comes on a line of its own; then the signal does what it would have done. */
static void on_interrupt(int number)
{
	if (standing != 0)
		(void)!write(STDERR_FILENO, "\n", 1);
	standing = 0;
	(void)raise(number); /* SA_RESETHAND */
}

void progress_begin(struct progress *p, const char *what, const char *unit, uint64_t done)
{
	struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND }, was;

	*p = (struct progress){ .what = what, .unit = unit, .from = done, .began_ms = al_now_ms() };
	p->terminal = isatty(STDERR_FILENO) == 1;
	/* Whoever has a way of his own to end keeps it. */
	if (p->terminal && sigaction(SIGINT, NULL, &was) == 0 && was.sa_handler == SIG_DFL)
		(void)sigaction(SIGINT, &action, NULL);
}

static void show(const struct progress *p, const char *text)
{
	if (p->terminal)
		fprintf(stderr, "\ralamo: %s\033[K", text);
	else
		fprintf(stderr, "alamo: %s\n", text);
	(void)fflush(stderr);
	standing = p->terminal;
}

void progress_step(struct progress *p, uint64_t done, uint64_t total)
{
	char text[PROGRESS_TEXT_MAX];
	uint64_t now_ms;

	if (p->what == NULL)
		return;
	now_ms = al_now_ms();
	/* The last one, so that a line that stands there does not stop short of it. */
	if (!progress_due(p, now_ms) && !(p->shown && p->terminal && done == total))
		return;
	progress_text(p, done, total, now_ms, text);
	show(p, text);
}

void progress_break(void)
{
	if (standing != 0)
		(void)fputc('\n', stderr);
	standing = 0;
}

void progress_end(struct progress *p)
{
	progress_break();
	p->what = NULL;
}
