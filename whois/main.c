/* SPDX-License-Identifier: MIT */
/* main.c -- alamo-whoisd: registry queries over WHOIS (RFC 3912) and HTTP. */
#include "whoisd.h"

int main(int argc, char **argv)
{
	return al_service_main(argc, argv, &whoisd_service);
}
