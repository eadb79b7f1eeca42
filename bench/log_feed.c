/* SPDX-License-Identifier: MIT */
/*
 * log_feed.c -- a log of N objects, offered as a stream: `log_feed DIR N [K [KIND]]`, K (200) in an entry,
 * KIND "routes" (behind the as-set AS-BENCH, of 1,300 of their 5,000 origins) or "domains" (behind a registry
 * object; every second one signed).
 *
 * Writes DIR/keys/log.pub and serves DIR/run/log.sock, as a registry would (alamo/follow/stream.h). Commands on standard input, one head
 * each: "add K" appends K routes, "del K" deletes the last K. Says "size SIZE" when it has sent them; ends with its
 * input. 70 % of the routes are IPv4. The log's own entries are years old, those of commands are of now.
 */
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "alamo/rpsl/entry.h"
#include "alamo/follow/follow.h"
#include "alamo/follow/stream.h"
#include "alamo/net/net.h"
#include "alamo/rpsl/request.h"
#include "alamo/tlog/tile.h"

#define PER_ENTRY 200u /* routes */
#define PER_HEAD 20u   /* entries */
#define OLD_S 1700000000u
#define LOG_MAX ((size_t)1 << 30)

/* A run of entries that has a head: places in `bytes` and `notes`. */
struct commit {
	uint64_t first, end;
	size_t at, note, note_len;
};

struct feed {
	struct al_loop *loop;
	struct al_stream *stream; /* NULL: not yet */
	struct al_skey key;
	struct al_edge edge;
	struct al_buf bytes; /* u16 length and bytes of each entry */
	struct al_buf notes;
	struct commit *commits;
	size_t commit_count;
	size_t done; /* of `bytes`, in commits */
	unsigned long routes;
	unsigned per_entry; /* 1 .. PER_ENTRY */
	bool domains;
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	(void)fprintf(stderr, "log_feed: %s failed\n", what);
	exit(1);
}

static void put_route(struct al_buf *out, unsigned long n, bool gone)
{
	if (n % 10 < 7)
		al_buf_printf(out, "route: %lu.%lu.%lu.0/24\nmax-length: %lu\n", 1 + n / 65536 % 223, n / 256 % 256,
			      n % 256, 24 + n % 5);
	else
		al_buf_printf(out, "route6: fd%02lx:%lx:%lx::/48\n", n >> 24, n >> 12 & 0xfff, n & 0xfff);
	al_buf_printf(out, "origin: AS%lu\nmnt-by: TEST-MNT\nsource: TEST\n%s", 4200000000 + n % 5000,
		      gone ? "delete: bench\n" : "");
}

/* "version" makes a change of it. */
static void put_domain(struct al_buf *out, unsigned long n, bool gone)
{
	al_buf_printf(out, "domain: d%lu.alamo\nnserver: ns1.d%lu.alamo fd%02lx:%lx::1\nnserver: ns.d%lu.alamo\n", n, n,
		      n >> 16 & 0xff, n & 0xffff, n / 10);
	if (n % 2 == 0)
		al_buf_printf(out, "ds-rdata: %lu 13 2 %064lx\n", n % 65536, n);
	al_buf_printf(out, "mnt-by: TEST-MNT\nsource: TEST\n%s", gone ? "delete: bench\n" : "");
}

static void put_registry(struct al_buf *out)
{
	al_buf_str(out, "registry: TEST\ntld: alamo\nsuper-prefix: fd00::/16\nroot-server: a fd00::53\n"
			"root-server: b fd00::54\nmnt-by: TEST-MNT\nsource: TEST\n");
}

/* The first object of a log of domains is the registry. */
static void put_object(const struct feed *feed, struct al_buf *out, unsigned long n, bool gone)
{
	if (!feed->domains)
		put_route(out, n, gone);
	else if (n == 0)
		put_registry(out);
	else
		put_domain(out, n, gone);
}

static void append_body(struct feed *feed, const struct al_buf *body, struct al_slice result, uint64_t time)
{
	struct al_entry entry = { .index = feed->edge.size,
				  .time = time,
				  .kind = AL_S("request"),
				  .result = result,
				  .body = al_buf_view(body) };
	struct al_slice view;
	struct al_hash leaf;
	struct al_buf bytes;

	al_buf_init(&bytes, AL_ENTRY_MAX);
	must(body->err == AL_OK && al_entry_encode(&entry, &bytes) == AL_OK && bytes.err == AL_OK, "entry");
	view = al_buf_view(&bytes);
	al_bundle_put(&feed->bytes, view);
	must(feed->bytes.err == AL_OK, "entries");
	leaf = al_leaf_hash(view);
	al_edge_push(&feed->edge, &leaf);
	al_buf_release(&bytes);
}

static void append_entry(struct feed *feed, unsigned long first, unsigned count, bool gone, uint64_t time)
{
	char result[PER_ENTRY];
	struct al_buf body;

	al_buf_init(&body, AL_REQUEST_MAX);
	al_buf_str(&body, "request: feed\nprev: none\n");
	for (unsigned i = 0; i < count; i++) {
		result[i] = gone ? AL_DELETE : AL_CREATE;
		al_buf_str(&body, "\n");
		put_object(feed, &body, first + i, gone);
	}
	append_body(feed, &body, al_slice_of(result, count), time);
	al_buf_release(&body);
}

static void append_set(struct feed *feed)
{
	char result = AL_CREATE;
	struct al_buf body;

	al_buf_init(&body, AL_REQUEST_MAX);
	al_buf_str(&body, "request: set\nprev: none\n\nas-set: AS-BENCH\nmembers: AS4200000000");
	for (unsigned i = 1; i < 1300; i++)
		al_buf_printf(&body, "%s AS%u", i % 50 == 0 ? "\nmembers:" : ",", 4200000000u + i);
	al_buf_str(&body, "\nmnt-by: TEST-MNT\nsource: TEST\n");
	append_body(feed, &body, al_slice_of(&result, 1), OLD_S);
	al_buf_release(&body);
}

static struct al_slice note_of(const struct feed *feed, const struct commit *commit)
{
	return al_slice_head(al_slice_from(al_buf_view(&feed->notes), commit->note), commit->note_len);
}

/* A commit's entries and its note. PER_HEAD entries of AL_ENTRY_MAX and less are more than one frame, at times. */
static void batch_of(const struct feed *feed, const struct commit *commit, struct al_stream_batch *out)
{
	static struct al_slice entries[1u << 16];
	struct al_slice rest = al_slice_from(al_buf_view(&feed->bytes), commit->at);
	size_t count = commit->end - commit->first;

	must(count <= AL_COUNT(entries), "entries of one commit");
	for (size_t i = 0; i < count; i++)
		must(al_bundle_next(&rest, &entries[i]) == AL_OK, "entry");
	*out = (struct al_stream_batch){ commit->first, count, entries, note_of(feed, commit) };
}

/* The whole commit, or what follows `from` of it. */
static enum al_err read_feed(void *source, uint64_t from, size_t max_bytes, al_stream_read_fn done, void *token)
{
	const struct feed *feed = source;
	struct al_stream_batch batch;
	size_t low = 0, high = feed->commit_count;

	(void)max_bytes;
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (feed->commits[mid].first <= from)
			low = mid;
		else
			high = mid;
	}
	batch_of(feed, &feed->commits[low], &batch);
	batch.entries += from - batch.first;
	batch.count -= from - batch.first;
	batch.first = from;
	done(token, AL_OK, &batch);
	return AL_OK;
}

static void append_head(struct feed *feed)
{
	struct al_checkpoint cp = { feed->edge.size, al_edge_root(&feed->edge) };
	uint64_t first = feed->commit_count > 0 ? feed->commits[feed->commit_count - 1].end : 0;
	struct commit *commits = reallocarray(feed->commits, feed->commit_count + 1, sizeof(*commits));
	struct al_stream_batch batch;
	struct al_buf text;
	size_t at = feed->notes.len;

	must(commits != NULL, "memory");
	feed->commits = commits;
	al_buf_init(&text, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(feed->key.pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), &feed->key, &feed->notes);
	must(feed->notes.err == AL_OK, "head");
	al_buf_release(&text);
	commits[feed->commit_count++] = (struct commit){ first, cp.size, feed->done, at, feed->notes.len - at };
	feed->done = feed->bytes.len;
	if (feed->stream == NULL)
		return;
	batch_of(feed, &commits[feed->commit_count - 1], &batch);
	al_stream_publish(feed->stream, &batch);
}

/* Routes [from, to), with heads in between as a registry's stream has them, and one at the end. */
static void append(struct feed *feed, unsigned long from, unsigned long to, bool gone, uint64_t time)
{
	while (from < to) {
		unsigned count = to - from < feed->per_entry ? (unsigned)(to - from) : feed->per_entry;

		append_entry(feed, from, count, gone, time);
		from += count;
		if (time == OLD_S && feed->edge.size % PER_HEAD == 0 && from < to)
			append_head(feed);
	}
	append_head(feed);
}

static void on_command(evutil_socket_t fd, short what, void *arg)
{
	struct feed *feed = arg;
	unsigned long count;
	char line[64];
	ssize_t len = read(fd, line, sizeof(line) - 1);

	(void)what;
	if (len <= 0) {
		al_loop_stop(feed->loop);
		return;
	}
	line[len] = '\0';
	count = strtoul(line + (len > 4 ? 4 : len), NULL, 10);
	if (strncmp(line, "add ", 4) == 0) {
		append(feed, feed->routes, feed->routes + count, false, al_now_s());
		feed->routes += count;
	} else {
		must(strncmp(line, "del ", 4) == 0 && count <= feed->routes, "command");
		append(feed, feed->routes - count, feed->routes, true, al_now_s());
		feed->routes -= count;
	}
	(void)printf("size %" PRIu64 "\n", feed->edge.size);
	(void)fflush(stdout);
}

static void write_key(const struct al_vkey *key)
{
	struct al_buf text;
	FILE *file;

	must(mkdir("keys", 0755) == 0 && mkdir("run", 0755) == 0, "mkdir");
	al_buf_init(&text, AL_NOTE_MAX);
	al_vkey_format(key, &text);
	file = fopen("keys/log.pub", "w");
	must(file != NULL && fprintf(file, "%.*s\n", (int)text.len, (const char *)text.ptr) > 0 && fclose(file) == 0,
	     "keys/log.pub");
	al_buf_release(&text);
}

int main(int argc, char **argv)
{
	static struct feed feed;
	struct event *event;

	feed.per_entry = argc >= 4 ? (unsigned)strtoul(argv[3], NULL, 10) : PER_ENTRY;
	feed.domains = argc == 5 && strcmp(argv[4], "domains") == 0;
	if (argc < 3 || argc > 5 || feed.per_entry == 0 || feed.per_entry > PER_ENTRY || chdir(argv[1]) != 0) {
		(void)fprintf(stderr, "usage: log_feed DIR N [K [routes|domains]]\n");
		return 2;
	}
	must(sodium_init() >= 0 && al_skey_generate(AL_S("bench.example/log"), &feed.key) == AL_OK, "key");
	write_key(&feed.key.pub);
	al_buf_init(&feed.bytes, LOG_MAX);
	al_buf_init(&feed.notes, LOG_MAX);
	al_edge_init(&feed.edge);
	feed.routes = strtoul(argv[2], NULL, 10);
	if (!feed.domains)
		append_set(&feed);
	append(&feed, 0, feed.routes, false, OLD_S);
	must(al_loop_new(&feed.loop) == AL_OK &&
		     al_stream_new(feed.loop, &AL_STREAM_LIMITS, read_feed, &feed, feed.edge.size,
				   note_of(&feed, &feed.commits[feed.commit_count - 1]), &feed.stream) == AL_OK &&
		     al_listener_unix(al_stream_local(feed.stream), "run/log.sock") == AL_OK,
	     "listen");
	event = event_new(al_loop_base(feed.loop), STDIN_FILENO, EV_READ | EV_PERSIST, on_command, &feed);
	must(event != NULL && event_add(event, NULL) == 0, "event");
	(void)printf("size %" PRIu64 "\n", feed.edge.size);
	(void)fflush(stdout);
	al_loop_run(feed.loop);
	event_free(event);
	al_stream_free(feed.stream);
	al_loop_free(feed.loop);
	al_buf_release(&feed.bytes);
	al_buf_release(&feed.notes);
	free(feed.commits);
	return 0;
}
