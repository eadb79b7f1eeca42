/* SPDX-License-Identifier: MIT */
/* nrtm.c -- a range of serials as a job. */
#include "nrtm.h"

#include <inttypes.h>

#include "text.h"

#define BUF_MAX (1u << 20)

void whois_put_serials(const struct whois_view *view, struct al_buf *out)
{
	uint64_t last = whois_view_last(view);

	if (last > 0)
		al_buf_printf(out, "1-%" PRIu64, last);
	else
		al_buf_str(out, "-");
}

void whois_nrtm(const struct whois_view *view, const struct whois_query *query, struct whois_job *job,
		struct al_buf *out)
{
	uint64_t newest = whois_view_last(view), first = query->nrtm.first;
	uint64_t last = query->nrtm.last == WHOIS_NRTM_LAST ? newest : query->nrtm.last;

	if (!al_slice_caseeq(query->nrtm.source, whois_view_source(view))) {
		al_buf_printf(out, "%%ERROR:403: unknown source\n\n\n");
		return;
	}
	/* "From the one after the newest" is what a mirror that has all asks. */
	if (first == newest + 1 && (last == newest || last == first) && !query->keep) {
		al_buf_str(out, "% Warning: there are no newer updates available\n\n\n");
		return;
	}
	if (first == 0 || first > newest + 1 || last > newest || (last < first && !query->keep)) {
		al_buf_printf(out, "%%ERROR:401: invalid range: Not within 1-%" PRIu64 "\n\n\n", newest);
		return;
	}
	al_buf_printf(out, "%%START Version: 3 %.*s %" PRIu64 "-%" PRIu64 "\n\n", AL_FMT(whois_view_source(view)),
		      first, last);
	job->kind = WHOIS_JOB_NRTM;
	job->view = *view;
	job->at = first;
	job->end = last;
	job->live = query->keep && view->at == 0; /* what was does not go on */
}

static enum al_err put_change(const struct whois_job *job, struct al_buf *scratch, struct al_buf *out)
{
	struct whois_version version;
	struct whois_shown shown;
	enum al_err err = whois_history_read(job->view.history, job->at, scratch, &version);

	if (err != AL_OK)
		return err;
	shown = whois_shown_version(&version);
	al_buf_printf(out, "%s %" PRIu64 "\n\n", version.deleted ? "DEL" : "ADD", version.serial);
	whois_put_shown(&shown, false, out);
	al_buf_str(out, "\n");
	return AL_OK;
}

bool whois_nrtm_more(struct whois_job *job, struct al_buf *out)
{
	size_t start = out->len;
	struct al_buf scratch;
	enum al_err err = AL_OK;

	/* All that the history has belongs to a verified head: entries are taken in when one covers them. */
	if (job->live)
		job->end = whois_history_last(job->view.history);
	al_buf_init(&scratch, BUF_MAX);
	while (err == AL_OK && job->at <= job->end && out->len - start < WHOIS_PIECE_BYTES) {
		err = put_change(job, &scratch, out);
		job->at++;
	}
	al_buf_release(&scratch);
	if (err != AL_OK) {
		/* No %END: the mirror knows that this was not all. */
		al_buf_str(out, "%ERROR:400: the history cannot be read\n\n\n");
		return true;
	}
	if (job->at <= job->end || job->live)
		return false;
	al_buf_printf(out, "%%END %.*s\n\n\n", AL_FMT(whois_view_source(&job->view)));
	return true;
}
