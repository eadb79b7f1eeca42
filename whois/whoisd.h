/* whoisd.h -- alamo-whoisd as a service (alamo/service.h). */
#ifndef WHOIS_WHOISD_H
#define WHOIS_WHOISD_H

#include "alamo/service.h"

extern const struct al_service_def whoisd_service;

#endif
