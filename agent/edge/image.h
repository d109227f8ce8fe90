/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * image.h - is a file the disk image that it should be?
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdint.h>

struct error;

/*
 * Compare path's SHA-256 with sha256; then ask `qemu-img info` what it is, but only
 * then: what it says of a file of anybody's is not worth asking (it may name others).
 * Fills the size in bytes that a guest sees.  progress hears of bytes done and all.
 * -1: it is not that image, or no image at all; what err says goes after the path.
 */
int image_check(const char *path, const char *sha256,
		void (*progress)(uint64_t done, uint64_t all), uint64_t *virtual_size,
		struct error *err);

#endif
