/* SPDX-License-Identifier: MIT */
/*
 * genesis.c -- `alamo-registryd -c FILE --create REQUEST...`: the same
 * pipeline as for everybody, before there is anybody to listen to.
 */
#include "genesis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "request/pipeline.h"
#include "registry.h"
#include "request/reply.h"
#include "sign/signer.h"

#define PATH_BYTES 4096

struct genesis {
	struct al_conf *conf;
	struct signer *signer;
	struct al_loop *loop;
	struct ledger *ledger;
	struct pipeline *pipeline;
	char ledger_path[PATH_BYTES];
	bool accepted; /* the file in hand */
};

static void on_commit(void *arg, const struct ledger_batch *batch)
{
	(void)arg;
	(void)batch;
}

static void on_answer(void *arg, struct al_slice answer)
{
	struct genesis *g = arg;
	struct al_slice rest = answer, line;

	while (al_slice_line(&rest, &line))
		if (al_slice_starts(line, "% receipt: "))
			g->accepted = true;
	(void)fwrite(answer.ptr, 1, answer.len, stdout);
	al_loop_stop(g->loop);
}

/* Submitting may answer before the loop runs: the stop is posted behind it either way. */
struct submission {
	struct genesis *genesis;
	struct al_slice raw;
};

static void submit(void *arg)
{
	struct submission *s = arg;

	pipeline_submit(s->genesis->pipeline, s->raw, NULL, on_answer, s->genesis);
}

static enum al_err file_read(const char *path, struct al_buf *out)
{
	uint8_t bytes[4096];
	FILE *file = fopen(path, "re");
	size_t len;

	if (file == NULL)
		return AL_ENOTFOUND;
	while ((len = fread(bytes, 1, sizeof(bytes), file)) > 0)
		al_buf_put(out, bytes, len);
	(void)fclose(file);
	return out->err;
}

static enum al_err genesis_file(struct genesis *g, const char *path)
{
	struct submission s = { .genesis = g };
	struct al_buf typed, raw;
	enum al_err err;

	al_buf_init(&typed, AL_REQUEST_MAX * 2);
	al_buf_init(&raw, AL_REQUEST_MAX * 2);
	err = file_read(path, &typed);
	if (err == AL_OK)
		err = al_request_read(al_buf_view(&typed), &raw, NULL);
	g->accepted = false;
	if (err == AL_OK) {
		s.raw = al_buf_view(&raw);
		err = al_loop_post(g->loop, submit, &s);
	}
	if (err == AL_OK)
		al_loop_run(g->loop);
	al_buf_release(&typed);
	al_buf_release(&raw);
	if (err == AL_OK && !g->accepted)
		err = AL_EDENIED;
	if (err != AL_OK)
		al_log(AL_LOG_ERROR, "genesis", "file=%s error=%s", path, al_err_name(err));
	return err;
}

static enum al_err genesis_open(struct genesis *g)
{
	char ns[REGISTRY_NAMESPACE_MAX];
	struct ledger_opts opts = { .path = g->ledger_path, .create = true };
	enum al_err err = signer_start(g->conf, GUARD_CREATE, &g->signer);

	if (err != AL_OK)
		return err;
	opts.key = signer_key(g->signer);
	opts.signer = signer_face(g->signer);
	err = registry_namespace(g->conf, ns);
	if (err == AL_OK)
		err = ledger_open(&opts, &g->ledger);
	if (err == AL_OK)
		err = al_loop_new(&g->loop);
	if (err == AL_OK)
		err = pipeline_new(g->ledger, al_slice_str(ns), &g->pipeline);
	if (err == AL_OK)
		err = ledger_start(g->ledger, g->loop, on_commit, g);
	return err;
}

static void genesis_close(struct genesis *g, bool keep)
{
	if (keep)
		ledger_close(g->ledger);
	else
		ledger_discard(g->ledger);
	pipeline_free(g->pipeline);
	al_loop_free(g->loop);
	if (keep)
		signer_stop(g->signer);
	else
		signer_discard(g->signer);
	al_conf_free(g->conf);
}

int genesis_main(const char *conf_path, char *const *files, int count)
{
	struct genesis g = { .conf = NULL };
	char message[256];
	enum al_err err = al_conf_load(conf_path, &g.conf, message, sizeof(message));

	al_log_init("alamo-registryd", AL_LOG_INFO);
	if (err != AL_OK) {
		(void)fprintf(stderr, "%s\n", message);
		return 2;
	}
	err = ledger_where(g.conf, g.ledger_path, sizeof(g.ledger_path));
	if (err == AL_OK)
		err = genesis_open(&g);
	for (int i = 0; err == AL_OK && i < count; i++)
		err = genesis_file(&g, files[i]);
	if (err != AL_OK)
		al_log(AL_LOG_ERROR, "genesis", "error=%s: no ledger was made", al_err_name(err));
	genesis_close(&g, err == AL_OK);
	return err == AL_OK ? 0 : 1;
}
