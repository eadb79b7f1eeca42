/* SPDX-License-Identifier: MIT */
/* whoisd.h -- alamo-whoisd as a service (alamo/net/service.h). */
#ifndef WHOIS_WHOISD_H
#define WHOIS_WHOISD_H

#include "alamo/net/service.h"

extern const struct al_service_def whoisd_service;

#endif
