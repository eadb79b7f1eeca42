/* SPDX-License-Identifier: MIT */
/*
 * policy_contact.c -- personal data comes beside the request and is named by
 * its hash. The log keeps the hash; the text can be erased.
 */
#include "policy.h"

/* "sha256:BASE64" of a block's text. */
static bool hash_names(const struct policy *p, struct al_slice value, const struct al_contact *contact)
{
	struct al_buf text;
	bool same;

	al_buf_init(&text, 64);
	al_buf_str(&text, "sha256:");
	al_buf_base64(&text, contact->hash, sizeof(contact->hash));
	same = al_slice_eq(value, al_buf_view(&text));
	policy_built(p, &text);
	al_buf_release(&text);
	return same;
}

void policy_contact(struct policy *p, const struct subject *s)
{
	const struct al_request *r = &p->d->request;
	struct al_slice value;

	if (p->d->audit || (s->cls != AL_ROLE && s->cls != AL_PERSON))
		return;
	value = al_object_attr(s->now, "contact");
	if (value.len == 0 || (s->old != NULL && al_slice_eq(al_object_attr(s->old, "contact"), value)))
		return;
	for (size_t i = 0; i < r->contact_count; i++)
		if (al_slice_caseeq(r->contact[i].handle, al_object_key(s->now)) &&
		    hash_names(p, value, &r->contact[i]))
			return;
	policy_refuse(p, s, "contact", "POLICY-CONTACT", "No contact block with this hash comes with the request");
}

static bool named(const struct policy *p, const struct al_contact *contact)
{
	for (size_t i = 0; i < p->view.count; i++) {
		const struct al_object *own = p->view.objects[i];

		if (own != NULL && !own->deleted && (own->cls == AL_ROLE || own->cls == AL_PERSON) &&
		    al_slice_caseeq(contact->handle, al_object_key(own)) &&
		    hash_names(p, al_object_attr(own, "contact"), contact))
			return true;
	}
	return false;
}

/* Nothing is kept that no signed text names. */
void policy_contacts_used(struct policy *p)
{
	const struct al_request *r = &p->d->request;

	for (size_t i = 0; i < r->contact_count; i++)
		if (!named(p, &r->contact[i]))
			al_report_add(&p->d->report, AL_ERROR, AL_REPORT_WHOLE, AL_REPORT_WHOLE, "POLICY-CONTACT",
				      "no object of the request names the contact block of %.*s by its hash",
				      AL_FMT(al_slice_head(r->contact[i].handle, 80)));
}
