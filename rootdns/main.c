/* SPDX-License-Identifier: MIT */
/* main.c -- alamo-rootd. */
#include "rootd.h"

int main(int argc, char **argv)
{
	return al_service_main(argc, argv, &rootd_service);
}
