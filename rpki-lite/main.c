/* SPDX-License-Identifier: MIT */
/* main.c -- alamo-rpkid. */
#include "rpkid.h"

int main(int argc, char **argv)
{
	return al_service_main(argc, argv, &rpkid_service);
}
