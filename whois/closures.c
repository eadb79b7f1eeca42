/* SPDX-License-Identifier: MIT */
/*
 * closures.c -- a list of kept answers in the order of their last use. There
 * are few, so that a change looks at all of them: a bisection each.
 */
#include "closures.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "expand.h"

struct closure {
	struct closure *prev, *next;
	size_t bytes;
	size_t name_len, text_len, dep_count;
	uint64_t *deps;
	char text[]; /* text, then name */
};

struct whois_closures {
	pthread_mutex_t lock;
	struct closure *list; /* last used first */
	size_t count, bytes;
};

enum al_err whois_closures_new(struct whois_closures **out)
{
	struct whois_closures *closures = calloc(1, sizeof(*closures));

	if (closures == NULL || pthread_mutex_init(&closures->lock, NULL) != 0) {
		free(closures);
		return AL_ENOMEM;
	}
	*out = closures;
	return AL_OK;
}

static void closure_drop(struct whois_closures *closures, struct closure *closure)
{
	DL_DELETE(closures->list, closure);
	closures->count--;
	closures->bytes -= closure->bytes;
	free(closure->deps);
	free(closure);
}

void whois_closures_free(struct whois_closures *closures)
{
	if (closures == NULL)
		return;
	while (closures->list != NULL)
		closure_drop(closures, closures->list);
	pthread_mutex_destroy(&closures->lock);
	free(closures);
}

static struct closure *closure_named(const struct whois_closures *closures, struct al_slice name)
{
	struct closure *closure;

	DL_FOREACH(closures->list, closure)
	if (al_slice_eq(al_slice_of(closure->text + closure->text_len, closure->name_len), name))
		return closure;
	return NULL;
}

bool whois_closures_get(struct whois_closures *closures, struct al_slice name, struct al_buf *out)
{
	struct closure *closure;

	pthread_mutex_lock(&closures->lock);
	closure = closure_named(closures, name);
	if (closure != NULL) {
		DL_DELETE(closures->list, closure);
		DL_PREPEND(closures->list, closure);
		al_buf_slice(out, al_slice_of(closure->text, closure->text_len));
	}
	pthread_mutex_unlock(&closures->lock);
	return closure != NULL;
}

/* Two who asked for the same at the same time bring it both. */
static void closure_add(struct whois_closures *closures, struct closure *closure, struct al_slice name)
{
	struct closure *before;

	pthread_mutex_lock(&closures->lock);
	before = closure_named(closures, name);
	if (before != NULL)
		closure_drop(closures, before);
	DL_PREPEND(closures->list, closure);
	closures->count++;
	closures->bytes += closure->bytes;
	while (closures->count > WHOIS_CLOSURES_MAX || closures->bytes > WHOIS_CLOSURES_BYTES)
		closure_drop(closures, closures->list->prev);
	pthread_mutex_unlock(&closures->lock);
}

void whois_closures_put(struct whois_closures *closures, struct al_slice name, struct al_slice text,
			const uint64_t *deps, size_t dep_count)
{
	size_t bytes = sizeof(struct closure) + text.len + name.len + dep_count * sizeof(*deps);
	struct closure *closure;

	if (bytes > WHOIS_CLOSURES_BYTES / 4)
		return;
	closure = malloc(sizeof(*closure) + text.len + name.len);
	if (closure == NULL)
		return;
	*closure = (struct closure){
		.bytes = bytes, .name_len = name.len, .text_len = text.len, .dep_count = dep_count
	};
	closure->deps = malloc((dep_count + 1) * sizeof(*deps));
	if (closure->deps == NULL) {
		free(closure);
		return;
	}
	if (dep_count > 0)
		memcpy(closure->deps, deps, dep_count * sizeof(*deps));
	if (text.len > 0)
		memcpy(closure->text, text.ptr, text.len);
	memcpy(closure->text + text.len, name.ptr, name.len);
	closure_add(closures, closure, name);
}

static bool depends(const struct closure *closure, uint64_t dep)
{
	size_t low = 0, high = closure->dep_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (closure->deps[mid] < dep)
			low = mid + 1;
		else
			high = mid;
	}
	return low < closure->dep_count && closure->deps[low] == dep;
}

static void drop_dependents(uint64_t dep, void *arg)
{
	struct whois_closures *closures = arg;
	struct closure *closure, *next;

	DL_FOREACH_SAFE(closures->list, closure, next)
	if (depends(closure, dep))
		closure_drop(closures, closure);
}

void whois_closures_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct whois_closures *closures = arg;

	pthread_mutex_lock(&closures->lock);
	if (closures->list != NULL) {
		if (old != NULL)
			whois_object_deps(old, drop_dependents, arg);
		whois_object_deps(now, drop_dependents, arg);
	}
	pthread_mutex_unlock(&closures->lock);
}

size_t whois_closures_count(struct whois_closures *closures)
{
	size_t count;

	pthread_mutex_lock(&closures->lock);
	count = closures->count;
	pthread_mutex_unlock(&closures->lock);
	return count;
}
