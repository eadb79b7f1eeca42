/* SPDX-License-Identifier: MIT */
/*
 * follow_load.c -- many followers of one log: `follow_load KEYFILE COUNT ADDRESS...`, in turn at each address.
 *
 * Each is an al_follow of its own, which verifies all that it hears. Says "all SIZE MS" whenever the one that is furthest behind
 * has come further: its size, and CLOCK_MONOTONIC in milliseconds. "present" once, when each had all that there was. Ends with its input.
 */
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "alamo/follow/follow.h"
#include "alamo/net/net.h"
#include "alamo/tlog/keys.h"

#define COUNT_MAX 1000u

struct crowd {
	struct al_loop *loop;
	uint64_t sizes[COUNT_MAX];
	unsigned count, present;
	uint64_t least; /* said already */
};

struct one {
	struct crowd *crowd;
	unsigned number;
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	(void)fprintf(stderr, "follow_load: %s failed\n", what);
	exit(1);
}

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static enum al_err on_entry(void *arg, uint64_t index, struct al_slice bytes)
{
	(void)arg;
	(void)index;
	(void)bytes;
	return AL_OK;
}

static void on_head(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	const struct one *one = arg;
	struct crowd *crowd = one->crowd;
	uint64_t least = cp->size;

	(void)note;
	crowd->sizes[one->number] = cp->size;
	for (unsigned i = 0; i < crowd->count; i++)
		least = crowd->sizes[i] < least ? crowd->sizes[i] : least;
	if (least <= crowd->least)
		return;
	crowd->least = least;
	(void)printf("all %" PRIu64 " %.3f\n", least, now_ms());
	(void)fflush(stdout);
}

static void on_present(void *arg)
{
	struct crowd *crowd = ((const struct one *)arg)->crowd;

	if (++crowd->present != crowd->count)
		return;
	(void)puts("present");
	(void)fflush(stdout);
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	char line[64];

	(void)what;
	if (read(fd, line, sizeof(line)) <= 0)
		al_loop_stop(arg);
}

static struct al_vkey read_key(const char *path)
{
	char text[AL_NOTE_MAX];
	struct al_vkey key;
	FILE *file = fopen(path, "r");
	size_t len = file != NULL ? fread(text, 1, sizeof(text), file) : 0;

	must(file != NULL && fclose(file) == 0 &&
		     al_log_key_parse(al_slice_trim(al_slice_of(text, len)), &key) == AL_OK,
	     path);
	return key;
}

int main(int argc, char **argv)
{
	static const struct al_follow_ops ops = { .entry = on_entry, .head = on_head, .present = on_present };
	static struct al_follow *follows[COUNT_MAX];
	static struct one ones[COUNT_MAX];
	static struct crowd crowd;
	struct al_follow_conf conf = { .address = NULL };
	struct event *event;

	crowd.count = argc >= 4 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	if (crowd.count == 0 || crowd.count > COUNT_MAX) {
		(void)fprintf(stderr, "usage: follow_load KEYFILE COUNT ADDRESS...\n");
		return 2;
	}
	must(sodium_init() >= 0 && al_loop_new(&crowd.loop) == AL_OK, "loop");
	conf.key = read_key(argv[1]);
	for (unsigned i = 0; i < crowd.count; i++) {
		ones[i] = (struct one){ &crowd, i };
		conf.address = argv[3 + i % (unsigned)(argc - 3)];
		must(al_follow_new(crowd.loop, &conf, &ops, &ones[i], &follows[i]) == AL_OK, conf.address);
	}
	event = event_new(al_loop_base(crowd.loop), STDIN_FILENO, EV_READ | EV_PERSIST, on_input, crowd.loop);
	must(event != NULL && event_add(event, NULL) == 0, "event");
	al_loop_run(crowd.loop);
	event_free(event);
	for (unsigned i = 0; i < crowd.count; i++)
		al_follow_free(follows[i]);
	al_loop_free(crowd.loop);
	return 0;
}
