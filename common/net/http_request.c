/* SPDX-License-Identifier: MIT */
/*
 * http_request.c -- HTTP/1.1 request heads, strictly (RFC 9112).
 *
 * What other servers forgive and attackers use (folded lines, blanks before a
 * colon, two Host fields, a body where none is due) is refused here.
 */
#include "http_request.h"

#include <string.h>
#include <time.h>

#include "alamo/net/http.h"

static const char token_marks[] = "!#$%&'*+-.^_`|~";

static bool is_token(struct al_slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char ch = s.ptr[i];
		bool alnum = (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z');
		if (!alnum && (ch == '\0' || strchr(token_marks, ch) == NULL))
			return false;
	}
	return s.len > 0;
}

static bool has_control(struct al_slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char ch = (unsigned char)s.ptr[i];
		if ((ch < 0x20 && ch != '\t') || ch == 0x7f)
			return true;
	}
	return false;
}

size_t http_head_len(struct al_slice bytes)
{
	struct al_slice rest = bytes;
	while (rest.len > 0) {
		const char *lf = memchr(rest.ptr, '\n', rest.len);
		if (lf == NULL)
			return 0;
		size_t line = (size_t)(lf - rest.ptr);
		rest = al_slice_from(rest, line + 1);
		if (line == 0 || (line == 1 && lf[-1] == '\r'))
			return bytes.len - rest.len;
	}
	return 0;
}

/* origin-form "/path?query", or absolute-form "http://host/path?query" (RFC 9112 section 3.2). */
static int parse_target(struct al_slice target, struct http_request *out)
{
	if (al_slice_casestarts(target, "http://")) {
		struct al_slice authority = al_slice_from(target, sizeof("http://") - 1);
		const char *slash = memchr(authority.ptr, '/', authority.len);
		if (slash == NULL)
			return 400;
		target = al_slice_from(authority, (size_t)(slash - authority.ptr));
	}
	if (!al_slice_starts(target, "/") || has_control(target))
		return 400;
	out->query = target;
	al_slice_cut(&out->query, '?', &out->path);
	return 200;
}

static int parse_line(struct al_slice line, struct http_request *out, bool *old)
{
	struct al_slice method;
	struct al_slice target;
	if (!al_slice_cut(&line, ' ', &method) || !al_slice_cut(&line, ' ', &target) || !is_token(method))
		return 400;
	if (line.len != sizeof("HTTP/1.1") - 1 || !al_slice_starts(line, "HTTP/"))
		return 400;
	if (!al_slice_starts(line, "HTTP/1."))
		return 505;
	*old = al_slice_is(line, "HTTP/1.0");
	out->close = *old;
	out->head = al_slice_is(method, "HEAD");
	out->post = al_slice_is(method, "POST");
	if (!out->head && !out->post && !al_slice_is(method, "GET"))
		return 405;
	return parse_target(target, out);
}

static void parse_connection(struct al_slice value, struct http_request *out)
{
	struct al_slice option;
	while (al_slice_word(&value, ",", &option)) {
		if (al_slice_caseis(option, "close"))
			out->close = true;
		else if (al_slice_caseis(option, "keep-alive"))
			out->close = false;
	}
}

/* Only a POST has a body, and only one whose length is told before. */
static int parse_length(struct al_slice value, struct http_request *out, bool *measured)
{
	uint64_t length;
	if (al_slice_u64(value, UINT64_MAX, &length) != AL_OK)
		return 400;
	/* Two lengths would let two readers see two bodies. */
	if (*measured && length != out->body_len)
		return 400;
	if (length > (out->post ? AL_HTTP_POST_MAX : 0))
		return 413;
	*measured = true;
	out->body_len = (size_t)length;
	return 200;
}

/* Answers repeat it in links: only what a host and port are made of (RFC 3986 section 3.2.2). */
static struct al_slice parse_host(struct al_slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		char ch = value.ptr[i];
		bool letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
		if (!letter && ch != '.' && ch != '-' && ch != ':' && ch != '[' && ch != ']')
			return AL_S("");
	}
	return value.len <= 255 ? value : AL_S("");
}

/* ";q=0", ";q=0.0" and so on say that one is not taken. */
static bool is_weighed_out(struct al_slice parameters)
{
	struct al_slice one;
	while (parameters.len > 0) {
		al_slice_cut(&parameters, ';', &one);
		one = al_slice_trim(one);
		if (!al_slice_casestarts(one, "q="))
			continue;
		for (one = al_slice_from(one, 2); one.len > 0; one = al_slice_from(one, 1))
			if (one.ptr[0] != '0' && one.ptr[0] != '.')
				return false;
		return true;
	}
	return false;
}

static void parse_encodings(struct al_slice value, struct http_request *out)
{
	bool named = false;
	while (value.len > 0) {
		struct al_slice coding, parameters;
		al_slice_cut(&value, ',', &parameters);
		al_slice_cut(&parameters, ';', &coding);
		coding = al_slice_trim(coding);
		bool gzip = al_slice_caseis(coding, "gzip") || al_slice_caseis(coding, "x-gzip");
		if (gzip || (!named && al_slice_is(coding, "*")))
			out->gzip = !is_weighed_out(parameters);
		named = named || gzip;
	}
}

static int parse_field(struct al_slice line, struct http_request *out, unsigned *hosts, bool *measured)
{
	struct al_slice value = line;
	struct al_slice name;
	if (!al_slice_cut(&value, ':', &name) || !is_token(name))
		return 400;
	value = al_slice_trim(value);
	if (has_control(value))
		return 400;
	if (al_slice_caseis(name, "host")) {
		++*hosts;
		out->host = parse_host(value);
	} else if (al_slice_caseis(name, "connection"))
		parse_connection(value, out);
	else if (al_slice_caseis(name, "accept-encoding"))
		parse_encodings(value, out);
	else if (al_slice_caseis(name, "if-none-match"))
		out->if_none_match = value;
	else if (al_slice_caseis(name, "if-modified-since"))
		out->if_modified_since = http_date_parse(value);
	else if (al_slice_caseis(name, "transfer-encoding"))
		return 413;
	else if (al_slice_caseis(name, "content-length"))
		return parse_length(value, out, measured);
	return 200;
}

int http_request_parse(struct al_slice head, struct http_request *out)
{
	struct al_slice line;
	bool old = false, measured = false;
	unsigned hosts = 0;
	*out = (struct http_request){ .close = true };
	if (!al_slice_line(&head, &line))
		return 400;
	int status = parse_line(line, out, &old);
	while (status == 200 && al_slice_line(&head, &line) && line.len > 0)
		status = parse_field(line, out, &hosts, &measured);
	if (status == 200 && (hosts > 1 || (hosts == 0 && !old)))
		status = 400;
	if (status == 200 && out->post && !measured)
		status = 411;
	return status;
}

static int hex_value(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	if (ch >= 'A' && ch <= 'F')
		return ch - 'A' + 10;
	return -1;
}

enum al_err http_decode(struct al_slice raw, char *out, size_t cap, size_t *len)
{
	size_t put = 0;
	for (size_t i = 0; i < raw.len; i++) {
		char ch = raw.ptr[i];
		if (ch == '%') {
			int high = i + 2 < raw.len ? hex_value(raw.ptr[i + 1]) : -1;
			int low = high >= 0 ? hex_value(raw.ptr[i + 2]) : -1;
			if (low < 0)
				return AL_EINVAL;
			ch = (char)(high * 16 + low);
			i += 2;
		}
		if (ch == '\0')
			return AL_EINVAL;
		if (put == cap)
			return AL_ELIMIT;
		out[put++] = ch;
	}
	*len = put;
	return AL_OK;
}

void http_date_format(uint64_t unix_seconds, char out[static HTTP_DATE_LEN])
{
	time_t at = (time_t)unix_seconds;
	struct tm tm;
	if (gmtime_r(&at, &tm) == NULL || strftime(out, HTTP_DATE_LEN, "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
		out[0] = '\0';
}

/* What does not format to the same bytes again is no date: a wrong day of the week, a 30th of February. */
uint64_t http_date_parse(struct al_slice s)
{
	char text[HTTP_DATE_LEN], again[HTTP_DATE_LEN];
	struct tm tm = { 0 };
	if (al_slice_copy(s, text, sizeof(text)) != AL_OK)
		return 0;
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (end == NULL || *end != '\0')
		return 0;
	time_t at = timegm(&tm);
	http_date_format((uint64_t)at, again);
	return at > 0 && strcmp(text, again) == 0 ? (uint64_t)at : 0;
}

static struct al_slice opaque(struct al_slice tag)
{
	return al_slice_starts(tag, "W/") ? al_slice_from(tag, 2) : tag;
}

bool http_etag_listed(struct al_slice list, struct al_slice etag)
{
	struct al_slice tag;
	while (al_slice_word(&list, ",", &tag))
		if (al_slice_is(tag, "*") || al_slice_eq(opaque(tag), opaque(etag)))
			return true;
	return false;
}
