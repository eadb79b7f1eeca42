/* SPDX-License-Identifier: MIT */
/*
 * explorer_join.c -- where a newcomer makes a key, writes a request and signs it, in his own browser (page/join.js), and
 * where a member changes what he has. The page is markup and where things are; nothing of it knows a key.
 */
#include "explorer_page.h"

#include <inttypes.h>

#include "history.h"
#include "html.h"

static void put_data(const char *name, struct al_slice value, struct al_buf *out)
{
	al_buf_printf(out, " data-%s=\"", name);
	html_put(value, out);
	al_buf_u8(out, '"');
}

void explorer_put_site(const struct whois_view *view, const char *registry, struct al_buf *out)
{
	const struct al_object *own = al_state_registry(view->state);
	struct al_buf text;

	al_buf_init(&text, 4096);
	al_buf_printf(&text, "registry@%s", al_conf_str(view->site->conf, "network", "name"));
	put_data("namespace", al_buf_view(&text), out);
	al_buf_reset(&text);
	al_vkey_format(view->site->key, &text);
	put_data("vkey", al_slice_trim(al_buf_view(&text)), out);
	al_buf_release(&text);
	put_data("registry", al_slice_str(registry), out);
	put_data("log", al_slice_str(registry), out);
	put_data("source", whois_view_source(view), out);
	if (own != NULL)
		put_data("tld", al_object_attr(own, "tld"), out);
}

static void put_key(struct al_buf *out)
{
	al_buf_str(out, "<section>\n<h2>1. Your key</h2>\n"
			"<p>It says who you are, from now on. It is made by your browser and goes nowhere: the file is "
			"yours to keep.</p>\n"
			"<p class=\"row\"><button id=\"make\" type=\"button\">Make a key</button>\n"
			"<a id=\"save\" hidden>Save the key file</a>\n"
			"<label>or use an OpenSSH key file <input id=\"file\" type=\"file\"></label></p>\n"
			"<p><output id=\"key\">No key yet.</output></p>\n</section>\n");
}

static void put_fields(const struct whois_view *view, struct al_buf *out)
{
	const struct al_object *own = al_state_registry(view->state);

	al_buf_str(out, "<p class=\"row\"><label>Your name here, one word <input id=\"name\" value=\"FISHER\" "
			"maxlength=\"40\" autocomplete=\"off\" spellcheck=\"false\"></label>\n"
			"<label>A domain below .");
	if (own != NULL)
		html_put(al_object_attr(own, "tld"), out);
	al_buf_str(out, " <input id=\"domain\" maxlength=\"60\" autocomplete=\"off\" spellcheck=\"false\"></label>\n"
			"<label class=\"check\"><input id=\"numbers\" type=\"checkbox\" checked> an AS number, a "
			"prefix and a route</label></p>\n");
}

/* The header of a change, and the object as it is. */
static void put_change(const struct al_object *object, struct al_buf *out)
{
	struct al_buf text;

	al_buf_init(&text, 1u << 20);
	al_buf_printf(&text, "request:        change-%" PRIu64 "\nprev:           %" PRIu64 "\n\n", object->index,
		      object->index);
	al_buf_slice(&text, al_object_text(object));
	html_put(al_buf_view(&text), out);
	al_buf_release(&text);
}

static void put_request(const struct whois_view *view, const struct al_object *object, struct al_buf *out)
{
	al_buf_str(out, "<section>\n<h2>2. Your request</h2>\n");
	if (object == NULL)
		put_fields(view, out);
	else
		al_buf_str(out,
			   "<p>The object as it is now: change it, or add a line <code>delete: reason</code>.</p>\n");
	al_buf_str(out, "<label for=\"text\">This text is signed, every byte of it:</label>\n"
			"<textarea id=\"text\" rows=\"24\" spellcheck=\"false\" autocomplete=\"off\">\n");
	if (object != NULL)
		put_change(object, out);
	al_buf_str(out, "</textarea>\n</section>\n");
}

static void put_send(const struct whois_view *view, struct al_buf *out)
{
	al_buf_str(out, "<section>\n<h2>3. Sign and send</h2>\n<details>\n<summary>Signed elsewhere?</summary>\n"
			"<p><label for=\"signature\">Paste what <code>ssh-keygen -Y sign -n registry@");
	html_put(al_slice_str(al_conf_str(view->site->conf, "network", "name")), out);
	al_buf_str(out,
		   "</code> made of the text:</label></p>\n"
		   "<textarea id=\"signature\" rows=\"6\" spellcheck=\"false\" "
		   "autocomplete=\"off\"></textarea>\n</details>\n"
		   "<p><button id=\"send\" type=\"button\">Sign and send</button></p>\n"
		   "<p role=\"status\" id=\"state\"></p>\n<ul id=\"objects\"></ul>\n"
		   "<pre id=\"answer\" hidden tabindex=\"0\" aria-label=\"The registry's answer\"></pre>\n</section>\n"
		   "<section>\n<h2>4. Receipts</h2>\n"
		   "<p>Each proves for ever that the log has what you sent. They are kept in this browser, and checked "
		   "again here. "
		   "<a id=\"receipt\" hidden>Save the newest</a></p>\n<ul id=\"receipts\"></ul>\n</section>\n");
}

/* ?object=CLASS/KEY: a change of that. */
void explorer_join(const struct whois_view *view, struct al_slice rest, struct al_slice query,
		   struct al_http_answer *answer)
{
	char name[1024], registry[WHOIS_SITE_URL_MAX];
	struct al_slice wanted = asked_parameter(query, "object", name, sizeof(name));
	const struct al_object *object = wanted.len > 0 ? explorer_object_of(view, wanted) : NULL;
	struct al_buf *out = &answer->body;

	(void)rest;
	if (view->site == NULL || whois_site_registry(view->site, answer->host, registry) != AL_OK ||
	    (wanted.len > 0 && object == NULL)) {
		explorer_missing(view, answer);
		return;
	}
	html_put_head(view, object == NULL ? AL_S("Join") : AL_S("Change"), AL_S(""), HTML_STILL, out);
	al_buf_str(out,
		   "<noscript><p>Keys are made by a script of this page. Without scripts: <code>alamo join</code>, or "
		   "<code>ssh-keygen</code> and <code>curl</code>.</p></noscript>\n<form id=\"join\"");
	explorer_put_site(view, registry, out);
	if (object != NULL)
		put_data("object", wanted, out);
	al_buf_str(out, ">\n");
	put_key(out);
	put_request(view, object, out);
	put_send(view, out);
	al_buf_str(out, "</form>\n<p>The whole of what runs here: <a href=\"/join.js\">join.js</a>, <a "
			"href=\"/alamo.js\">alamo.js</a>. The log's key, pinned at your first visit:</p>\n<pre "
			"tabindex=\"0\" aria-label=\"The log's key\">");
	al_vkey_format(view->site->key, out);
	al_buf_str(out, "</pre>\n<script type=\"module\" src=\"/join.js\"></script>\n");
	html_put_foot(view, out);
}
