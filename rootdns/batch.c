/* SPDX-License-Identifier: MIT */
/*
 * batch.c -- see batch.h.
 */
#include "batch.h"

#include "alamo/net/loop.h"
#include "answer.h"

static void item_take(const struct batch_conf *conf, const struct zone_set *set, uint64_t now, struct batch_item *item)
{
	item->client.self = conf->self;
	item->client.now = now;
	item->parsed = query_parse(set != NULL ? set->seed : 0, item->msg, item->len, &item->query);
	if (!item->parsed)
		return;
	item->query.cut = item->cut;
	answer_prepare(set, &item->query);
}

static size_t item_answer(const struct batch_conf *conf, const struct zone_set *set, struct batch_item *item,
			  struct traffic *traffic)
{
	size_t len = answer_write(set, &item->query, &item->client, item->out);

	switch (rrl_judge(conf->rrl, &item->query, &item->client, item->out)) {
	case RRL_SEND:
		return len;
	case RRL_SHORT:
		traffic->limited++;
		return answer_short(&item->query, &item->client, item->out);
	case RRL_DROP:
		break;
	}
	traffic->limited++;
	return 0;
}

void batch_answer(const struct batch_conf *conf, struct batch_item *items, size_t count, struct traffic *traffic)
{
	const struct zone_set *set = publish_enter(conf->publish, conf->reader);
	uint64_t now = al_now_s();

	for (size_t i = 0; i < count; i++)
		item_take(conf, set, now, &items[i]);
	for (size_t i = 0; i < count; i++)
		if (items[i].parsed)
			answer_prefetch(&items[i].query);
	for (size_t i = 0; i < count; i++) {
		items[i].out_len = items[i].parsed ? item_answer(conf, set, &items[i], traffic) : 0;
		traffic_count(traffic, items[i].out, items[i].out_len);
	}
	publish_leave(conf->publish, conf->reader);
}
