/* SPDX-License-Identifier: MIT */
/* cppcheck.h -- macros of libraries whose headers cppcheck is not shown. */
#ifndef CMAKE_CPPCHECK_H
#define CMAKE_CPPCHECK_H

#define json_array_foreach(array, index, value) \
	for (index = 0; index < json_array_size(array) && (value = json_array_get(array, index)) != NULL; index++)

#define SEC(name)
#define __uint(name, value) int(*name)[value]
#define __type(name, value) value *name

#endif
