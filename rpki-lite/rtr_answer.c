/* SPDX-License-Identifier: MIT */
/*
 * rtr_answer.c -- what a session says, as bytes in a connection's output.
 *
 * Thread: the loop's. Records are never copied: an answer is a header, a reference to an image, and an end.
 */
#include <event2/buffer.h>

#include "alamo/base/log.h"
#include "alamo/net/metrics.h"

#include "rtr_client.h"

static struct al_metric metric_full = { .name = "alamo_rpki_rtr_answers_total{kind=\"full\"}",
					.help = "Answers to queries" };
static struct al_metric metric_delta = { .name = "alamo_rpki_rtr_answers_total{kind=\"delta\"}",
					 .help = "Answers to queries" };
static struct al_metric metric_empty = { .name = "alamo_rpki_rtr_answers_total{kind=\"empty\"}",
					 .help = "Answers to queries" };
static struct al_metric metric_reset = { .name = "alamo_rpki_rtr_answers_total{kind=\"cache-reset\"}",
					 .help = "Answers to queries" };
static struct al_metric metric_error = { .name = "alamo_rpki_rtr_answers_total{kind=\"error\"}",
					 .help = "Answers to queries" };
static struct al_metric metric_notify = { .name = "alamo_rpki_rtr_notifies_total", .help = "Serial Notifies sent" };
void rtr_answer_metrics(void)
{
	al_metric_add(&metric_full);
	al_metric_add(&metric_delta);
	al_metric_add(&metric_empty);
	al_metric_add(&metric_reset);
	al_metric_add(&metric_error);
	al_metric_add(&metric_notify);
}

static void client_error(struct rtr_client *client, const struct rtr_reply *reply, struct al_slice inner)
{
	uint8_t out[RTR_ERROR_MAX];
	size_t len = rtr_put_error(out, reply->version, reply->code, inner, reply->text);

	al_metric_inc(&metric_error, 1);
	al_log(AL_LOG_INFO, "rtr-error", "peer=%s code=%s", al_conn_peer(client->conn),
	       rtr_code_name((uint16_t)reply->code));
	al_conn_write(client->conn, out, len);
}

/* Cache Response, these bytes of the image, End of Data. The reference goes to the output. */
static void client_data(struct rtr_client *client, const struct rtr_reply *reply, struct rtr_image *image, size_t from,
			size_t to)
{
	struct rtr_server *server = client->server;
	uint8_t out[RTR_PDU_MAX];

	client->since_ms = client->progress_ms = al_now_ms();
	client->image = image;
	if (image != NULL)
		image->refs++;
	al_conn_write(client->conn, out, rtr_put_response(out, reply->version, reply->session));
	if (from != to)
		al_conn_write_ref(client->conn, image->bytes + from, to - from, rtr_image_unref, image);
	else
		rtr_image_unref(image);
	al_conn_write(client->conn, out,
		      rtr_put_end(out, reply->version, reply->session, reply->serial, &server->conf.timers));
	client->pending = al_conn_pending(client->conn);
}

/*
 * gobgp, which speaks version 0 only, takes withdrawals at once and announcements at End of Data: one after the other
 * in one answer would leave a route without any record for that time. So it gets them in two answers.
 */
static bool client_halves(const struct rtr_reply *reply, const struct rtr_image *image)
{
	return reply->answer == RTR_DELTA && reply->version == 0 && image->announced != 0 &&
	       image->announced != image->len;
}

static void client_image(struct rtr_client *client, const struct rtr_reply *reply, struct rtr_image *image)
{
	struct rtr_reply first = *reply;

	if (!client_halves(reply, image)) {
		client_data(client, reply, image, 0, image->len);
		return;
	}
	first.serial = rtr_session_halve(&client->session, reply->from, image->to);
	client->rest = image;
	image->refs++;
	client_data(client, &first, image, 0, image->announced);
}

static void client_records(struct rtr_client *client, const struct rtr_reply *reply)
{
	struct rtr_images *images = &client->server->images;
	struct rtr_image *image = NULL;
	struct rtr_reply failed = { .version = reply->version, .code = RTR_INTERNAL_ERROR, .text = "out of memory" };
	enum al_err err;

	if (reply->answer == RTR_FULL)
		err = rtr_images_full(images, reply->version, &image);
	else
		err = rtr_images_delta(images, reply->version, reply->from, &image);
	if (err == AL_OK && image->len > RTR_OUT_MAX - RTR_INPUT_MAX) {
		rtr_image_unref(image);
		failed.text = "set too large";
		err = AL_ELIMIT;
	}
	if (err != AL_OK) {
		client_error(client, &failed, (struct al_slice){ 0 });
		al_conn_finish(client->conn);
		return;
	}
	client_image(client, reply, image);
}

/* The reference of the half that waited goes to the output. */
static void client_rest(struct rtr_client *client, const struct rtr_reply *reply)
{
	struct rtr_image *image = client->rest;

	client->rest = NULL;
	client_data(client, reply, image, image->announced, image->len);
}

void rtr_answer_forget(struct rtr_client *client)
{
	rtr_image_unref(client->rest);
	client->rest = NULL;
}

void rtr_answer(struct rtr_client *client, const struct rtr_reply *reply, struct al_slice inner)
{
	uint8_t out[RTR_PDU_MAX];

	if (!client->session.halfway && reply->answer != RTR_REST)
		rtr_answer_forget(client);
	switch (reply->answer) {
	case RTR_NOTHING:
	case RTR_LATER:
		break;
	case RTR_NOTIFY:
		al_metric_inc(&metric_notify, 1);
		al_conn_write(client->conn, out, rtr_put_notify(out, reply->version, reply->session, reply->serial));
		break;
	case RTR_RESET:
		al_metric_inc(&metric_reset, 1);
		al_conn_write(client->conn, out, rtr_put_cache_reset(out, reply->version));
		break;
	case RTR_FULL:
	case RTR_DELTA:
		al_metric_inc(reply->answer == RTR_FULL ? &metric_full : &metric_delta, 1);
		client_records(client, reply);
		break;
	case RTR_REST:
		al_metric_inc(&metric_delta, 1);
		client_rest(client, reply);
		break;
	case RTR_EMPTY:
		al_metric_inc(&metric_empty, 1);
		client_data(client, reply, NULL, 0, 0);
		break;
	case RTR_ERROR:
		/* With nothing inside when there is no data: OpenBGPD before 8 misreads it otherwise. */
		client_error(client, reply, reply->code == RTR_NO_DATA ? AL_S("") : inner);
		break;
	}
	if (reply->finish)
		al_conn_finish(client->conn);
}
