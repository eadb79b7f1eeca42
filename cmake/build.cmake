# SPDX-License-Identifier: MIT
# One interface target for the flags that every target of ours uses, and the two
# shapes of target that the house has.

option(ALAMO_FUZZ "Build the libFuzzer targets (clang)" OFF)
set(ALAMO_LIBRARIES STATIC CACHE STRING "STATIC, or SHARED for script/mutate, which links one library again and again")
set(ALAMO_SANITIZE "" CACHE STRING "Sanitizers for every target, as -fsanitize= takes them")

add_library(al_build INTERFACE)
target_compile_features(al_build INTERFACE c_std_17)
target_compile_definitions(al_build INTERFACE _GNU_SOURCE ALAMO_VERSION="${PROJECT_VERSION}")
target_compile_options(al_build INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wwrite-strings -Wvla -Wcast-qual -Wformat=2 -Wundef -fno-common -fstack-protector-strong
  -UNDEBUG   # assertions are for our own bugs, and stay on
  $<$<CONFIG:Release>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
if(ALAMO_SANITIZE)
  target_compile_options(al_build INTERFACE -fsanitize=${ALAMO_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(al_build INTERFACE -fsanitize=${ALAMO_SANITIZE})
endif()
if(ALAMO_FUZZ)
  target_compile_options(al_build INTERFACE -fsanitize=fuzzer-no-link)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# Programs that are run for real are optimized over all folders at their link (a sixth of rpkid's instructions); tests and
# benches, of which there are hundreds, link the same objects' machine code as it is.
set(al_whole OFF)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE STREQUAL "Release" AND ALAMO_LIBRARIES STREQUAL "STATIC"
   AND NOT ALAMO_SANITIZE AND NOT ALAMO_FUZZ)
  set(al_whole ON)
  target_link_options(al_build INTERFACE $<$<NOT:$<BOOL:$<TARGET_PROPERTY:AL_WHOLE>>>:-fno-lto>)
endif()
target_link_options(al_build INTERFACE $<$<CONFIG:Release>:-Wl,-z,relro,-z,now>)

# al_library(NAME SOURCES... LINK LIBS...): a folder's static library; its private headers are
# visible to the folder's own program, tests and benches that link it.
#
# A static library would leave a wrong dependency to be found by nobody: the program that links everything resolves
# it. So each one is also linked whole, with no undefined symbol allowed, against what it names (NAME_links).
function(al_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} ${ALAMO_LIBRARIES} ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE al_build)
  if(al_whole)
    target_compile_options(${name} PRIVATE -flto -ffat-lto-objects)
  endif()
  if(ALAMO_SANITIZE OR ALAMO_FUZZ OR ALAMO_LIBRARIES STREQUAL SHARED)   # runtimes are in the program only; no archive
    return()
  endif()
  file(WRITE ${CMAKE_BINARY_DIR}/links/empty.c "")
  add_library(${name}_links SHARED ${CMAKE_BINARY_DIR}/links/empty.c)
  set_target_properties(${name}_links PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/links)
  target_link_libraries(${name}_links PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,${name}>)
  target_link_options(${name}_links PRIVATE -Wl,-z,defs $<$<BOOL:${al_whole}>:-fno-lto>)
endfunction()

# al_program(NAME SOURCES... LINK LIBS...)
function(al_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} al_build)
  if(al_whole)
    target_compile_options(${name} PRIVATE -flto)
    target_link_options(${name} PRIVATE -flto=auto)
    set_target_properties(${name} PROPERTIES AL_WHOLE ON)
  endif()
endfunction()
