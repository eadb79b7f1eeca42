/* SPDX-License-Identifier: MIT */
/*
 * lookup.c -- exact, less and more specific, enclosing and inverse look-ups.
 *
 * The key says what it is: AS number, block, address, prefix, range, and else
 * a name, which is tried in every class. Bounded by WHOIS_OBJECTS_MAX.
 */
#include "lookup.h"

#include "contact.h"
#include "history.h"
#include "spell.h"

#include <stdlib.h>
#include <string.h>

#define KEY_CANON_MAX 2048 /* bytes of a canonical key */

struct lookup {
	const struct whois_view *view;
	const struct whois_query *query;
	struct whois_result *result;
	struct whois_error *error;
	struct al_buf key; /* scratch for canonical keys */
};

struct al_slice whois_view_source(const struct whois_view *view)
{
	const struct al_object *registry = al_state_registry(view->state);

	return registry != NULL ? al_object_key(registry) : AL_S("registry");
}

uint64_t whois_view_last(const struct whois_view *view)
{
	if (view->history == NULL || whois_history_error(view->history) != AL_OK || view->head.size == 0)
		return 0;
	return view->at > 0 ? whois_history_first(view->history, view->at) - 1 : whois_history_last(view->history);
}

/* ---- result ---- */

void whois_result_init(struct whois_result *result)
{
	memset(result, 0, sizeof(*result));
}

void whois_result_release(struct whois_result *result)
{
	free(result->items);
	whois_result_init(result);
}

bool whois_result_add(const struct al_object *object, void *arg)
{
	struct whois_result *result = arg;

	if (result->count == (result->most > 0 ? result->most : WHOIS_OBJECTS_MAX)) {
		result->truncated = true;
		return false;
	}
	if (result->count == result->cap) {
		size_t cap = result->cap > 0 ? result->cap * 2 : 16;
		const struct al_object **items = realloc(result->items, cap * sizeof(const struct al_object *));

		if (items == NULL) {
			result->err = AL_ENOMEM;
			return false;
		}
		result->items = items;
		result->cap = cap;
	}
	result->items[result->count++] = object;
	return true;
}

static void result_add_if(struct whois_result *result, const struct al_object *object)
{
	if (object != NULL)
		(void)whois_result_add(object, result);
}

static bool wants(const struct lookup *l, enum al_class cls)
{
	return (l->query->classes & 1u << cls) != 0;
}

/* ---- prefixes ---- */

struct cover {
	struct whois_result *result;
	const struct al_prefix *key;
	enum whois_match match;
	size_t start; /* of the group with the longest prefix so far */
	unsigned len; /* its length */
};

/* Comes least specific first; several routes may share a prefix. */
static bool cover_take(const struct al_prefix *at, const struct al_object *object, void *arg)
{
	struct cover *cover = arg;

	if (cover->match == WHOIS_EXACT && at->len != cover->key->len)
		return true;
	if (cover->match == WHOIS_ONE_LESS && at->len == cover->key->len)
		return true;
	if (cover->match != WHOIS_ALL_LESS && at->len != cover->len)
		cover->result->count = cover->start;
	cover->len = at->len;
	return whois_result_add(object, cover->result);
}

struct inside {
	struct whois_result *result;
	const struct al_prefix *key;
};

static bool inside_take(const struct al_prefix *at, const struct al_object *object, void *arg)
{
	const struct inside *inside = arg;

	if (at->len == inside->key->len)
		return true;
	return whois_result_add(object, inside->result);
}

void whois_lookup_prefix(const struct whois_view *view, enum al_class cls, const struct al_prefix *key,
			 enum whois_match match, struct whois_result *result)
{
	struct cover cover = { .result = result, .key = key, .match = match, .start = result->count };
	struct inside inside = { .result = result, .key = key };

	if (match == WHOIS_ONE_MORE)
		al_state_children(view->state, cls, key, inside_take, &inside);
	else if (match == WHOIS_ALL_MORE)
		al_state_within(view->state, cls, key, inside_take, &inside);
	else
		al_state_covering(view->state, cls, key, cover_take, &cover);
}

static void lookup_prefix(struct lookup *l, const struct al_prefix *key, enum whois_match match)
{
	static const enum al_class v4[] = { AL_INETNUM, AL_ROUTE }, v6[] = { AL_INET6NUM, AL_ROUTE6 };
	const enum al_class *classes = key->bits == 32 ? v4 : v6;
	size_t i;

	for (i = 0; i < 2; i++)
		if (wants(l, classes[i]))
			whois_lookup_prefix(l->view, classes[i], key, match, l->result);
}

/*
 * "A - B" that is no prefix: no object has that key, so it stands for the
 * smallest prefix around it, strictly seen from above.
 */
static bool range_around(struct al_slice key, struct al_prefix *out)
{
	struct al_prefix first, last;
	struct al_slice head;
	unsigned len = 0;

	if (!al_slice_cut(&key, '-', &head) || al_addr_parse(al_slice_trim(head), &first) != AL_OK ||
	    al_addr_parse(al_slice_trim(key), &last) != AL_OK || first.bits != last.bits ||
	    al_prefix_cmp(&first, &last) > 0)
		return false;
	while (len < first.bits && al_prefix_bit(&first, len) == al_prefix_bit(&last, len))
		len++;
	*out = first;
	al_prefix_truncate(out, len);
	return true;
}

/* The smallest block around `prefix` that says `yes`, or NULL. */
static const struct al_object *block_around(const struct lookup *l, const struct al_prefix *prefix,
					    bool (*yes)(const struct al_object *block))
{
	const struct al_object *block = al_state_covering_inet(l->view->state, prefix, false);
	struct al_prefix at;

	while (block != NULL && !yes(block)) {
		if (al_object_prefix(block, &at) != AL_OK)
			return NULL;
		block = al_state_covering_inet(l->view->state, &at, true);
	}
	return block;
}

static bool has_contact(const struct al_object *block)
{
	return whois_contact_own(block).len > 0;
}

static bool delegates(const struct al_object *block)
{
	return al_object_attr(block, "nserver").len > 0;
}

/* -d: the block whose nserver lines delegate the reverse zone, unless it is there already. */
static void add_reverse(struct lookup *l, const struct al_prefix *prefix)
{
	const struct al_object *block = block_around(l, prefix, delegates);
	size_t i = 0;

	while (block != NULL && i < l->result->count && l->result->items[i] != block)
		i++;
	if (i == l->result->count)
		result_add_if(l->result, block);
}

/* False when the key is no address, prefix or range. */
static bool lookup_address(struct lookup *l, enum al_err *err)
{
	struct al_slice key = l->query->key;
	enum whois_match match = l->query->match;
	struct al_prefix prefix;
	bool changed = false;

	if (al_prefix_parse_range(key, &prefix) == AL_OK || whois_reverse_parse(key, &prefix) == AL_OK ||
	    al_prefix_parse_loose(key, &prefix, &changed) == AL_OK) {
		l->result->key_changed = changed;
		l->result->key = prefix;
		if (l->query->contact_net)
			result_add_if(l->result, block_around(l, &prefix, has_contact));
		else
			lookup_prefix(l, &prefix, match);
		if (l->query->reverse)
			add_reverse(l, &prefix);
		return true;
	}
	if (!range_around(key, &prefix))
		return false;
	if (match == WHOIS_ONE_MORE || match == WHOIS_ALL_MORE) {
		*l->error = (struct whois_error){ 115, key };
		*err = AL_EINVAL;
	} else if (match != WHOIS_EXACT) {
		lookup_prefix(l, &prefix, match == WHOIS_ONE_LESS ? WHOIS_BEST : match);
	}
	return true;
}

/* ---- AS numbers ---- */

static void lookup_asn(struct lookup *l, uint32_t asn)
{
	char text[AL_ASN_STRLEN];

	al_asn_format(asn, text);
	if (wants(l, AL_AUT_NUM))
		result_add_if(l->result, al_state_get(l->view->state, AL_AUT_NUM, al_slice_str(text)));
	if (l->result->count == 0 && l->query->match != WHOIS_EXACT && wants(l, AL_AS_BLOCK))
		result_add_if(l->result, al_state_as_block(l->view->state, asn));
}

/* ---- names ---- */

static const struct al_object *get_typed(struct lookup *l, enum al_class cls)
{
	if (whois_key_canon(cls, l->query->key, &l->key) != AL_OK)
		return NULL;
	return al_state_get(l->view->state, cls, al_buf_view(&l->key));
}

/* The domain object of the typed name, else the closest one above it. */
static const struct al_object *get_domain(struct lookup *l)
{
	const struct al_object *object = get_typed(l, AL_DOMAIN);
	struct al_slice name = al_buf_view(&l->key);

	if (l->query->match == WHOIS_EXACT)
		return object;
	while (object == NULL && name.len > 0) {
		name = al_name_parent(name);
		if (name.len > 0)
			object = al_state_get(l->view->state, AL_DOMAIN, name);
	}
	return object;
}

/* ---- names of roles and persons: all words of the key, in any order ---- */

struct names {
	struct al_slice words;
	const char *attr;
	const struct al_object *known; /* found by its handle already */
	struct whois_result *result;
};

static bool has_word(struct al_slice text, struct al_slice word)
{
	struct al_slice have;

	while (al_slice_word(&text, "", &have))
		if (al_slice_caseeq(have, word))
			return true;
	return false;
}

static bool names_take(const struct al_object *object, void *arg)
{
	const struct names *names = arg;
	struct al_slice words = names->words, word, text = al_object_attr(object, names->attr);

	while (al_slice_word(&words, "", &word))
		if (!has_word(text, word))
			return true;
	return object == names->known || whois_result_add(object, names->result);
}

/* By the rarest of the words. */
static void lookup_words(struct lookup *l, enum al_class cls, const struct al_object *known)
{
	struct names names = { l->query->key, al_class_name(cls), known, l->result };
	struct al_slice attr = al_slice_str(names.attr), words = names.words, word, rarest = { NULL, 0 };
	size_t count, least = SIZE_MAX;

	while (al_slice_word(&words, "", &word)) {
		count = whois_index_count(l->view->index, cls, attr, word);
		if (count < least) {
			least = count;
			rarest = word;
		}
	}
	whois_index_find(l->view->index, cls, attr, rarest, names_take, &names);
}

static void lookup_name(struct lookup *l)
{
	const struct al_object *object;
	int i;

	for (i = 0; i < AL_CLASS_COUNT; i++) {
		enum al_class cls = (enum al_class)i;

		if (!wants(l, cls))
			continue;
		object = cls == AL_DOMAIN ? get_domain(l) : get_typed(l, cls);
		result_add_if(l->result, object);
		if (cls == AL_ROLE || cls == AL_PERSON)
			lookup_words(l, cls, object);
	}
}

static enum al_err lookup_key(struct lookup *l)
{
	enum al_err err = AL_OK;
	uint32_t asn;

	if (lookup_address(l, &err))
		return err;
	l->result->match_ignored = l->query->match != WHOIS_BEST && l->query->match != WHOIS_EXACT;
	if (whois_asn_parse(l->query->key, true, &asn) == AL_OK)
		lookup_asn(l, asn);
	else
		lookup_name(l);
	/* "192.0.02.0/24" is no name that nobody has: it is a mistake. */
	if (l->result->count == 0 && whois_like_address(l->query->key)) {
		*l->error = (struct whois_error){ 115, l->query->key };
		return AL_EINVAL;
	}
	return AL_OK;
}

/* ---- inverse ---- */

struct sort_item {
	const struct al_object *object;
	struct al_prefix prefix; /* bits 0: the class has none */
};

static int sort_order(const void *a, const void *b)
{
	const struct sort_item *x = a, *y = b;
	struct al_slice xk = al_object_key(x->object), yk = al_object_key(y->object);
	int order = x->object->cls - y->object->cls;

	if (order == 0)
		order = al_prefix_cmp(&x->prefix, &y->prefix);
	/* Keys with numbers in them ("AS64500") in the order of the numbers. */
	if (order == 0 && xk.len != yk.len && (x->object->cls == AL_AUT_NUM || x->prefix.bits != 0))
		order = xk.len < yk.len ? -1 : 1;
	return order != 0 ? order : al_slice_cmp(xk, yk);
}

/* By class and key, each object once. */
static enum al_err result_sort(struct whois_result *result)
{
	struct sort_item *items;
	size_t i, kept = 0;

	if (result->count < 2)
		return AL_OK;
	items = calloc(result->count, sizeof(*items));
	if (items == NULL)
		return AL_ENOMEM;
	for (i = 0; i < result->count; i++) {
		items[i].object = result->items[i];
		if (al_object_prefix(result->items[i], &items[i].prefix) != AL_OK)
			items[i].prefix = (struct al_prefix){ .bits = 0 };
	}
	qsort(items, result->count, sizeof(*items), sort_order);
	for (i = 0; i < result->count; i++)
		if (kept == 0 || items[i].object != result->items[kept - 1])
			result->items[kept++] = items[i].object;
	result->count = kept;
	free(items);
	return AL_OK;
}

/* One attribute of one class: a primary key needs no index. */
static void inverse_attr(struct lookup *l, enum al_class cls, struct al_slice attr)
{
	const struct al_attr_rule *rule = al_class_rule(cls, attr);

	if (rule == NULL || !wants(l, cls))
		return;
	if ((rule->flags & AL_INVERSE) == 0) {
		if ((rule->flags & AL_PRIMARY) != 0)
			result_add_if(l->result, get_typed(l, cls));
		return;
	}
	whois_value_canon(rule, l->query->key, &l->key);
	whois_index_find(l->view->index, cls, attr, al_buf_view(&l->key), whois_result_add, l->result);
}

static enum al_err lookup_inverse(struct lookup *l)
{
	for (size_t i = 0; i < l->query->attr_count; i++)
		for (int cls = 0; cls < AL_CLASS_COUNT; cls++)
			inverse_attr(l, (enum al_class)cls, l->query->attrs[i]);
	return result_sort(l->result);
}

/* We have one source: any other name is an error (RIPE: 102). */
static enum al_err check_sources(const struct lookup *l)
{
	struct al_slice rest, name;

	for (size_t i = 0; i < l->query->source_count; i++) {
		rest = l->query->sources[i];
		while (al_slice_word(&rest, ",", &name)) {
			if (!al_slice_caseeq(name, whois_view_source(l->view))) {
				*l->error = (struct whois_error){ 102, name };
				return AL_EINVAL;
			}
		}
	}
	return AL_OK;
}

enum al_err whois_lookup(const struct whois_view *view, const struct whois_query *query, struct whois_result *result,
			 struct whois_error *error)
{
	struct lookup l = { .view = view, .query = query, .result = result, .error = error };
	enum al_err err = check_sources(&l);

	result->most = query->contact_only ? WHOIS_CONTACTS_MAX : WHOIS_OBJECTS_MAX;
	if (err != AL_OK)
		return err;
	al_buf_init(&l.key, KEY_CANON_MAX);
	err = query->kind == WHOIS_INVERSE ? lookup_inverse(&l) : lookup_key(&l);
	al_buf_release(&l.key);
	return err != AL_OK ? err : result->err;
}
