/* repair_marker.c - the file that says that a repair has begun and is not done.
 *
 * A damaged stretch is filled once and then no longer seen, and the numbers that may have been in
 * it are passed over at the very end. Who is killed in between must find out how much it was.
 */
#include "store/repair_marker_int.h"

#include <errno.h>

#include "base/limits.h"
#include "base/scan.h"

const char repair_marker[] = "repairing";

bool repair_marker_find(struct seam *seam, uint64_t *lost_bytes)
{
    char text[REPAIR_MARKER_BYTES];
    int file = seam_open(seam, repair_marker, SEAM_READ);
    *lost_bytes = 0;
    if (file == -ENOENT) return false;
    if (file < 0) return true;
    ssize_t n = seam_pread(seam, file, text, sizeof text, 0);
    seam_close(seam, file);
    str rest = { text, n > 0 ? (size_t)n : 0 }, line;
    if (str_split(&rest, '\n', &line) && !str_u64(line, UINT64_MAX, lost_bytes)) *lost_bytes = 0;
    return true;
}

int repair_marker_set(struct seam *seam, uint64_t lost_bytes)
{
    struct buf text = buf_make(REPAIR_MARKER_BYTES);
    buf_addf(&text,
             "%llu\nbytes of the journal are lost. A repair is under way here, or was cut off: "
             "posthorn check --repair goes on.\n",
             (unsigned long long)lost_bytes);
    int file = seam_open(seam, repair_marker, SEAM_WRITE | SEAM_CREATE);
    int code = file < 0 ? file : 0;
    struct iovec iov = { text.p, text.n };
    if (!code && seam_pwritev(seam, file, &iov, 1, 0) != (ssize_t)text.n) code = -EIO;
    if (!code) code = seam_fdatasync(seam, file);
    if (file >= 0) seam_close(seam, file);
    buf_free(&text);
    return code ? code : seam_sync_dir(seam, ".");
}

int repair_marker_clear(struct seam *seam)
{
    int code = seam_unlink(seam, repair_marker);
    if (code == -ENOENT) return 0;
    return code ? code : seam_sync_dir(seam, ".");
}
