/* SPDX-License-Identifier: MIT */
/*
 * rdap.c -- paths to objects; every answer and every refusal as RDAP JSON.
 */
#include "rdap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asked.h"
#include "past.h"
#include "rdap_files.h"
#include "rdap_object.h"
#include "rdap_search.h"
#include "spell.h"

/* What answers a path, from its rest or its query; NULL with *status for a refusal. */
typedef json_t *(*answer_fn)(const struct rdap *rdap, struct al_slice rest, int *status);

struct rdap_kind {
	const char *path; /* without its first '/' */
	answer_fn make;
	bool search; /* `rest` is the query */
};

struct rdap_route {
	struct whois_rdap *own;
	const struct rdap_kind *kind;
	char path[24];
};

#define KINDS_MAX 16
#define SEARCH_MAX 1024

struct whois_rdap {
	const struct whois_view *view;
	const char *url;
	char etag[32];
	struct rdap_files *files;
	struct rdap_route routes[KINDS_MAX];
};

static json_t *framed(const struct rdap *rdap, json_t *made)
{
	if (made != NULL)
		rdap_put_frame(rdap, made, json_object_get(made, "redacted") != NULL);
	return made;
}

/* ---- look-ups ---- */

static json_t *answer_ip(const struct rdap *rdap, struct al_slice rest, int *status)
{
	const struct al_object *block;
	struct al_prefix prefix;
	bool changed;

	*status = 400;
	if (al_prefix_parse_loose(rest, &prefix, &changed) != AL_OK)
		return NULL;
	block = al_state_covering_inet(rdap->view->state, &prefix, false);
	*status = block != NULL ? 200 : 404;
	return block != NULL ? framed(rdap, rdap_network(rdap, block)) : NULL;
}

static json_t *answer_autnum(const struct rdap *rdap, struct al_slice rest, int *status)
{
	const struct al_object *object;
	char text[AL_ASN_STRLEN];
	uint32_t asn;

	*status = 400;
	if (whois_asn_parse(rest, true, &asn) != AL_OK)
		return NULL;
	al_asn_format(asn, text);
	object = al_state_get(rdap->view->state, AL_AUT_NUM, al_slice_str(text));
	if (object == NULL)
		object = al_state_as_block(rdap->view->state, asn);
	*status = object != NULL ? 200 : 404;
	return object != NULL ? framed(rdap, rdap_autnum(rdap, object)) : NULL;
}

/* The smallest block around the zone that delegates it. */
static const struct al_object *delegating(const struct rdap *rdap, const struct al_prefix *prefix)
{
	const struct al_object *block = al_state_covering_inet(rdap->view->state, prefix, false);
	struct al_prefix at;

	while (block != NULL && al_object_attr(block, "nserver").len == 0) {
		if (al_object_prefix(block, &at) != AL_OK)
			return NULL;
		block = al_state_covering_inet(rdap->view->state, &at, true);
	}
	return block;
}

static json_t *answer_domain(const struct rdap *rdap, struct al_slice rest, int *status)
{
	const struct al_object *object;
	char name[AL_NAME_MAX + 1];
	struct al_prefix prefix;
	json_t *made = NULL;

	*status = 400;
	if (rest.len == 0 || al_name_canon(rest, name) != AL_OK || name[0] == '\0')
		return NULL;
	object = al_state_get(rdap->view->state, AL_DOMAIN, al_slice_str(name));
	if (object != NULL) {
		made = rdap_domain(rdap, object);
	} else if (whois_reverse_parse(al_slice_str(name), &prefix) == AL_OK) {
		object = delegating(rdap, &prefix);
		made = object != NULL ? rdap_reverse(rdap, al_slice_str(name), object) : NULL;
	}
	*status = object != NULL ? 200 : 404;
	return framed(rdap, made);
}

static json_t *answer_nameserver(const struct rdap *rdap, struct al_slice rest, int *status)
{
	char name[AL_NAME_MAX + 1];
	json_t *made;

	*status = 400;
	if (rest.len == 0 || al_name_canon(rest, name) != AL_OK || name[0] == '\0')
		return NULL;
	made = rdap_nameserver(rdap, al_slice_str(name));
	*status = made != NULL ? 200 : 404;
	return framed(rdap, made);
}

static json_t *answer_entity(const struct rdap *rdap, struct al_slice rest, int *status)
{
	const struct al_object *object = rdap_entity_find(rdap, rest);

	*status = rest.len == 0 ? 400 : object != NULL ? 200 : 404;
	return object != NULL ? framed(rdap, rdap_entity(rdap, object, NULL, true)) : NULL;
}

static json_t *answer_help(const struct rdap *rdap, struct al_slice rest, int *status)
{
	json_t *made = json_object();

	(void)rest;
	*status = 200;
	rdap_put_frame(rdap, made, false);
	(void)json_array_append_new(
		json_object_get(made, "notices"),
		json_pack("{s:s, s:[s, s, s, s]}", "title", "Help", "description",
			  "ip/ADDRESS, ip/PREFIX/LENGTH, autnum/NUMBER, domain/NAME, nameserver/NAME, entity/HANDLE",
			  "domains?name=, ?nsLdhName=, ?nsIp=; nameservers?name=, ?ip=; entities?handle=, ?fn=",
			  "The ETag of an answer is the size of the log that it shows.",
			  "at=SIZE or at=DATE behind a '?' or '&': as it was at that size of the log, or at the end of "
			  "that day or second."));
	return made;
}

/* ---- the HTTP side ---- */

static const char *title_of(int status, const char **description)
{
	static const struct {
		int status;
		const char *title, *description;
	} texts[] = {
		{ 400, "Bad Request", "The path is not of the form that its kind has. See help." },
		{ 404, "Not Found", "The registry has nothing of that name or number." },
		{ 422, "Unprocessable Content", "A search has one '*', at the end or the beginning. See help." },
		{ 503, "Service Unavailable", "The log is still being fetched and checked. Try again soon." },
	};

	for (size_t i = 0; i < AL_COUNT(texts); i++)
		if (texts[i].status == status) {
			*description = texts[i].description;
			return texts[i].title;
		}
	*description = "It is ours, not yours.";
	return "Internal Server Error";
}

static void refuse_as(struct al_http_answer *answer, int status, const char *title, const char *description)
{
	al_buf_reset(&answer->body);
	answer->status = status;
	answer->etag = NULL;
	if (rdap_put(rdap_error(status, title, description), &answer->body) != AL_OK)
		answer->status = 500;
}

static void refuse(struct al_http_answer *answer, int status)
{
	const char *description, *title = title_of(status, &description);

	refuse_as(answer, status, title, description);
}

/* `before`: what stands before `rest` in what was asked. */
static void context_init(const struct whois_rdap *own, const struct whois_view *view, const char *before,
			 struct al_slice rest, const struct al_http_answer *answer, struct rdap *out)
{
	out->view = view;
	if (own->url[0] != '\0')
		(void)snprintf(out->base, sizeof(out->base), "%s", own->url);
	else
		(void)snprintf(out->base, sizeof(out->base), "http://%.*s/",
			       answer->host.len > 0 ? (int)answer->host.len : 9,
			       answer->host.len > 0 ? answer->host.ptr : "localhost");
	out->at[0] = '\0';
	if (view->at > 0)
		(void)snprintf(out->at, sizeof(out->at), "at=%" PRIu64, view->at);
	(void)snprintf(out->self, sizeof(out->self), "%s%s%.*s%s%s", out->base, before,
		       (int)(rest.len < 1000 ? rest.len : 1000), rest.ptr != NULL ? rest.ptr : "",
		       view->at == 0                              ? ""
		       : al_slice_ends(al_slice_str(before), "?") ? "&"
								  : "?",
		       out->at);
}

static json_t *search_domains(const struct rdap *rdap, struct al_slice query, int *status)
{
	return rdap_search(rdap, "domains", query, status);
}

static json_t *search_nameservers(const struct rdap *rdap, struct al_slice query, int *status)
{
	return rdap_search(rdap, "nameservers", query, status);
}

static json_t *search_entities(const struct rdap *rdap, struct al_slice query, int *status)
{
	return rdap_search(rdap, "entities", query, status);
}

static const struct rdap_kind kinds[] = {
	{ "ip/", answer_ip, false },           { "autnum/", answer_autnum, false },
	{ "domain/", answer_domain, false },   { "nameserver/", answer_nameserver, false },
	{ "entity/", answer_entity, false },   { "help", answer_help, false },
	{ "domains", search_domains, true },   { "nameservers", search_nameservers, true },
	{ "entities", search_entities, true },
};

_Static_assert(AL_COUNT(kinds) <= KINDS_MAX, "each kind has a route");

static void respond(struct whois_rdap *own, const struct rdap_kind *kind, const struct whois_view *view,
		    struct al_slice rest, struct al_http_answer *answer)
{
	struct rdap rdap;
	char before[24];
	json_t *made;

	(void)snprintf(before, sizeof(before), "%s%s", kind->path, kind->search ? "?" : "");
	context_init(own, view, before, rest, answer, &rdap);
	made = kind->make(&rdap, rest, &answer->status);
	if (made == NULL) {
		refuse(answer, answer->status != 200 ? answer->status : 500);
		return;
	}
	(void)snprintf(own->etag, sizeof(own->etag), "%" PRIu64, view->head.size);
	answer->etag = own->etag;
	if (rdap_put(made, &answer->body) != AL_OK)
		refuse(answer, 500);
}

/* A search is its query without the moment. */
static struct al_slice search_of(struct al_slice query, char text[static SEARCH_MAX])
{
	char raw[SEARCH_MAX];
	size_t len;

	if (asked_rest(query, raw, sizeof(raw), &len) != AL_OK ||
	    al_http_decode(al_slice_of(raw, len), text, SEARCH_MAX, &len) != AL_OK)
		len = 0;
	return al_slice_of(text, len);
}

/* False: it is refused, or on the way. */
static bool view_open(const struct whois_rdap *own, struct al_slice query, struct al_http_answer *answer,
		      struct asked *asked)
{
	unsigned number;
	enum al_err err;

	if (own->view->head.size == 0) {
		refuse(answer, 503);
		return false;
	}
	err = asked_open(own->view, query, answer, asked);
	if (err == AL_OK || err == AL_EAGAIN)
		return err == AL_OK;
	number = whois_past_number(err);
	refuse_as(answer, asked_status(err), whois_error_text(number), whois_error_advice(number));
	return false;
}

static void http_answer(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	const struct rdap_route *route = arg;
	char text[SEARCH_MAX];
	struct asked asked;

	answer->type = RDAP_TYPE;
	if (!view_open(route->own, query, answer, &asked))
		return;
	respond(route->own, route->kind, asked.view, route->kind->search ? search_of(query, text) : rest, answer);
	asked_close(&asked);
}

void whois_rdap_answer(struct whois_rdap *rdap, struct al_slice path, struct al_slice query,
		       struct al_http_answer *answer)
{
	for (size_t i = 0; i < AL_COUNT(kinds); i++)
		if (al_slice_starts(path, kinds[i].path)) {
			http_answer(&rdap->routes[i], al_slice_from(path, strlen(kinds[i].path)), query, answer);
			return;
		}
	answer->status = 404;
}

static void http_files(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	struct whois_rdap *own = arg;
	struct asked asked;
	struct rdap rdap;

	answer->type = "application/json";
	if (!view_open(own, query, answer, &asked))
		return;
	context_init(own, asked.view, "registry/", rest, answer, &rdap);
	(void)snprintf(own->etag, sizeof(own->etag), "%" PRIu64, asked.view->head.size);
	answer->etag = own->etag;
	rdap_files_answer(own->files, &rdap, rest, answer);
	if (answer->status != 200)
		refuse(answer, answer->status);
	asked_close(&asked);
}

void whois_rdap_url(struct whois_rdap *rdap, const char *url)
{
	rdap->url = url;
}

enum al_err whois_rdap_new(const struct whois_view *view, const char *url, struct whois_rdap **out)
{
	struct whois_rdap *rdap = calloc(1, sizeof(*rdap));
	enum al_err err = rdap != NULL ? rdap_files_new(&rdap->files) : AL_ENOMEM;

	if (err != AL_OK) {
		free(rdap);
		return err;
	}
	rdap->view = view;
	rdap->url = url;
	for (size_t i = 0; i < AL_COUNT(kinds); i++) {
		rdap->routes[i] = (struct rdap_route){ .own = rdap, .kind = &kinds[i] };
		(void)snprintf(rdap->routes[i].path, sizeof(rdap->routes[i].path), "/%s", kinds[i].path);
	}
	*out = rdap;
	return AL_OK;
}

enum al_err whois_rdap_serve(struct whois_rdap *rdap, struct al_http *http)
{
	enum al_err err = al_http_route(http, "/registry/", http_files, rdap);

	for (size_t i = 0; i < AL_COUNT(kinds) && err == AL_OK; i++)
		err = al_http_route(http, rdap->routes[i].path, http_answer, &rdap->routes[i]);
	return err;
}

void whois_rdap_free(struct whois_rdap *rdap)
{
	if (rdap == NULL)
		return;
	rdap_files_free(rdap->files);
	free(rdap);
}
