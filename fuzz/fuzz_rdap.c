/* links: alamo_whois */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_rdap.c -- RDAP paths and queries against a small registry.
 *
 * The input is a path, or a path and a query behind '?'. Checked: the status is
 * one of ours, what is found is something, and whatever is answered is JSON.
 */
#include <jansson.h>

#include "rdap.h"
#include "small_registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 200, 400, 404, 422, 501 }; /* the last: `?at=` without a log behind it */
	struct al_slice query = al_slice_of(data, size), path;
	struct al_http_answer answer = { .status = 200, .host = AL_S("localhost") };
	struct whois_rdap *rdap;
	struct whois_view view = small_registry_view();
	size_t i = 0;

	must(whois_rdap_new(&view, "", &rdap) == AL_OK);
	(void)al_slice_cut(&query, '?', &path);
	al_buf_init(&answer.body, 1u << 20);
	whois_rdap_answer(rdap, path, query, &answer);
	while (i < AL_COUNT(statuses) && statuses[i] != answer.status)
		i++;
	must(i < AL_COUNT(statuses));
	must(answer.status != 200 || answer.body.len > 0); /* what is found is something */
	if (answer.body.len > 0) {
		json_t *json = json_loadb((const char *)answer.body.ptr, answer.body.len, 0, NULL);

		must(json != NULL);
		must(answer.status == 200 || json_integer_value(json_object_get(json, "errorCode")) == answer.status);
		json_decref(json);
	}
	al_buf_release(&answer.body);
	whois_rdap_free(rdap);
	return 0;
}
