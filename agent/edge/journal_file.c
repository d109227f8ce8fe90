/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "edge/journal_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/scope.h"
#include "base/strbuf.h"

enum {
	BUSY_TIMEOUT = 5000,	/* ms */
	SETTLE_TRIES = 100,	/* 10 ms each: a run that ends takes -shm away before -wal */
};

#define DAMAGED "move it away together with its -wal and -shm files; " \
		"then `vyom adopt --all` takes over the VMs that carry vyom's mark"

static const struct {
	int code;
	enum error_kind kind;
	const char *text;
} sentences[] = {
	{ SQLITE_FULL, ERROR_SYSTEM,
	  "the disk is full; make room on it, then run the same command again" },
	{ SQLITE_CORRUPT, ERROR_SYSTEM, "the journal is damaged; " DAMAGED },
	{ SQLITE_NOTADB, ERROR_SYSTEM,
	  "this is no journal, or its beginning is damaged; " DAMAGED },
	{ SQLITE_READONLY, ERROR_SYSTEM,
	  "the journal cannot be written; look whether its file system is mounted read-only" },
	{ SQLITE_BUSY, ERROR_BUSY,
	  "another program holds the journal; wait for it to end, then run the same command "
	  "again" },
	{ SQLITE_CANTOPEN, ERROR_SYSTEM,
	  "the journal cannot be opened; look at the permissions of the file and its folder" },
	{ SQLITE_IOERR, ERROR_SYSTEM,
	  "the disk does not read or write as it should; look at the kernel log (dmesg)" },
};

int journal_file_explain(int code, const char *detail, const char *path, struct error *err)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		if (sentences[i].code == (code & 0xFF))
			return error_set(err, sentences[i].kind, "%s: %s (%s)", path,
					 sentences[i].text, detail);
	return error_set(err, ERROR_SYSTEM, "%s: the journal failed: %s", path, detail);
}

int journal_file_fail(sqlite3 *db, const char *path, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf detail = STRBUF_INIT;
	int code = sqlite3_extended_errcode(db), number = sqlite3_system_errno(db);

	if (number == ENOSPC || number == EDQUOT)
		code = SQLITE_FULL;
	strbuf_adds(&detail, sqlite3_errmsg(db));
	if (number && ((code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN))
		strbuf_addf(&detail, ": %s", strerror(number));
	return journal_file_explain(code, detail.buf, path, err);
}

/* --- making and trusting it --- */

/* A new name is on the disk once its folder is. */
static void sync_folder(const char *path)
{
	CLEANUP(scope_free) char *copy = memory_copy(path);
	CLEANUP(scope_close) int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		fsync(fd);
}

static int make_folder(const char *path, struct error *err)
{
	CLEANUP(scope_free) char *copy = memory_copy(path);
	struct stat found;

	if (stat(path, &found) == 0)
		return 0;
	if (errno == ENOENT && make_folder(dirname(copy), err) < 0)
		return -1;
	if (mkdir(path, 0700) < 0)
		return errno == EEXIST ? 0 :
			error_set_errno(err, "%s: the folder for the journal cannot be made", path);
	/* whatever the umask took away */
	chmod(path, 0700);
	sync_folder(path);
	return 0;
}

/*
 * Made here and not by SQLite, which would follow a symlink and heed the umask.
 * An existing file is never opened here: closing it would drop the locks that
 * SQLite may hold on it in this process.
 */
static int make_file(const char *path, struct error *err)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	CLEANUP(scope_close) int fd = open(path, flags, 0600);

	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0)
		return error_set_errno(err, "%s: the journal cannot be made", path);
	fchmod(fd, 0600);
	sync_folder(path);
	return 0;
}

/* A file that somebody else made or may write could tell us to destroy anything. */
static int judge_file(const struct stat *found, const char *path, struct error *err)
{
	if (!S_ISREG(found->st_mode))
		return error_set(err, ERROR_REFUSED, "%s is %s and not a file; move it away", path,
				 S_ISLNK(found->st_mode) ? "a symlink" :
				 S_ISDIR(found->st_mode) ? "a folder" : "a device or a pipe");
	if (found->st_uid != geteuid())
		return error_set(err, ERROR_REFUSED,
				 "%s belongs to user %u and not to %u, who runs this; if you trust "
				 "what is in it: chown %u",
				 path, (unsigned)found->st_uid, (unsigned)geteuid(),
				 (unsigned)geteuid());
	if (found->st_mode & S_IWOTH)
		return error_set(err, ERROR_REFUSED, "%s can be written by everybody; if you trust "
						     "what is in it: chmod 600", path);
	return 0;
}

/* --- opening it --- */

/*
 * Every character that might mean something in a URI, slashes included ("//" would begin
 * a host).
 */
static void add_uri(struct strbuf *uri, const char *path)
{
	strbuf_adds(uri, "file:");
	for (const char *c = path; *c; c++) {
		if (isalnum((unsigned char)*c) && (unsigned char)*c < 0x80)
			strbuf_addch(uri, *c);
		else
			strbuf_addf(uri, "%%%02X", (unsigned char)*c);
	}
}

static int open_uri(struct journal_file *file, const char *path, const char *query, int flags,
		    const char *vfs, struct error *err)
{
	CLEANUP(strbuf_release) struct strbuf uri = STRBUF_INIT;

	add_uri(&uri, path);
	strbuf_adds(&uri, query);
	if (sqlite3_open_v2(uri.buf, &file->db, flags | SQLITE_OPEN_URI, vfs) == SQLITE_OK) {
		sqlite3_busy_timeout(file->db, BUSY_TIMEOUT);
		return 0;
	}
	journal_file_fail(file->db, path, err);
	journal_file_close(file);
	return -1;
}

/* Look at the file and its -wal; -1 with errno if there is no file. */
static int look(const char *path, struct stat seen[2])
{
	CLEANUP(scope_free) char *wal = memory_print("%s-wal", path);

	if (lstat(wal, &seen[1]) < 0)
		seen[1] = (struct stat){ 0 };
	return lstat(path, &seen[0]);
}

int journal_file_open_change(struct journal_file *file, const char *path, struct error *err)
{
	CLEANUP(scope_free) char *copy = memory_copy(path);
	const char *folder = dirname(copy);
	struct stat found[2];

	if (make_folder(folder, err) < 0 || make_file(path, err) < 0)
		return -1;
	if (look(path, found) < 0)
		return error_set_errno(err, "%s: the journal cannot be opened", path);
	if (judge_file(&found[0], path, err) < 0)
		return -1;
	/* SQLite would say that it cannot open something that is not there */
	if (access(folder, W_OK) < 0 || access(path, W_OK) < 0)
		return error_set_errno(err, "%s: the journal cannot be written", path);
	if (open_uri(file, path, "?mode=rw", SQLITE_OPEN_READWRITE, NULL, err) < 0)
		return -1;
	sqlite3_db_config(file->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, found[1].st_size > 0, NULL);
	return 0;
}

/* The first fault, without the line above it that says which database it is in. */
static char *copy_fault(const char *text)
{
	const char *newline = strchr(text, '\n');

	if (strncmp(text, "***", 3) == 0 && newline)
		text = newline + 1;
	return memory_print("%.*s", (int)strcspn(text, "\n"), text);
}

/* The indices too, which quick_check passes over: by them open steps are found. */
int journal_file_check(struct journal_file *file, const char *path, struct error *err)
{
	CLEANUP(scope_free) char *fault = NULL;
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(file->db, "PRAGMA integrity_check(1)", -1, &statement, NULL) ==
		    SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		fault = copy_fault((const char *)sqlite3_column_text(statement, 0));
	if (sqlite3_finalize(statement) != SQLITE_OK || !fault)
		return journal_file_fail(file->db, path, err);
	if (strcmp(fault, "ok") != 0)
		return journal_file_explain(SQLITE_CORRUPT, fault, path, err);
	sqlite3_db_config(file->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return 0;
}

int journal_file_make_durable(struct journal_file *file, const char *path, struct error *err)
{
	sqlite3_stmt *statement;
	bool wal = false;
	int code;

	if (sqlite3_prepare_v2(file->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL) ==
		    SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		wal = strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
	code = sqlite3_finalize(statement);
	if (code == SQLITE_OK && !wal)
		return error_set(err, ERROR_SYSTEM, "%s: its file system cannot hold a journal (no "
						    "shared memory); put the state folder on a "
						    "local disk", path);
	if (code == SQLITE_OK)
		code = sqlite3_exec(file->db, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
				    NULL, NULL, NULL);
	return code == SQLITE_OK ? 0 : journal_file_fail(file->db, path, err);
}

/* --- reading without a trace --- */

/*
 * mode=ro alone is not enough: SQLite opens the -wal file for writing, and
 * makes it, for readers too.  This layer takes that away.
 */
static int open_read_only(sqlite3_vfs *vfs, const char *name, sqlite3_file *opened, int flags,
			  int *out)
{
	sqlite3_vfs *standard = sqlite3_vfs_find(NULL);

	(void)vfs;
	if (name) {
		flags &= ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
		flags |= SQLITE_OPEN_READONLY;
	}
	return standard->xOpen(standard, name, opened, flags, out);
}

static int delete_nothing(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs;
	(void)name;
	(void)sync;
	return SQLITE_IOERR_DELETE;
}

static const char *read_only_vfs(void)
{
	static sqlite3_vfs vfs;

	if (!vfs.zName) {
		vfs = *sqlite3_vfs_find(NULL);
		vfs.pNext = NULL;
		vfs.zName = "journal-read";
		vfs.xOpen = open_read_only;
		vfs.xDelete = delete_nothing;
		sqlite3_vfs_register(&vfs, 0);
	}
	return vfs.zName;
}

static int open_once(struct journal_file *file, const char *path, struct error *err)
{
	const char *query = file->frozen ? "?immutable=1" : "?mode=ro&readonly_shm=1";

	if (open_uri(file, path, query, SQLITE_OPEN_READONLY, read_only_vfs(), err) < 0)
		return -1;
	/* SQLite opens lazily: make it show what it can do */
	if (sqlite3_exec(file->db, "PRAGMA temp_store = MEMORY; SELECT count(*) FROM sqlite_schema",
			 NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return journal_file_fail(file->db, path, err);
}

int journal_file_open_read(struct journal_file *file, const char *path, struct error *err)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	for (int tries = 1;; tries++) {
		if (look(path, file->seen) < 0)
			return errno == ENOENT ? 0 :
				error_set_errno(err, "%s: the journal cannot be read", path);
		if (judge_file(&file->seen[0], path, err) < 0)
			return -1;
		/* just made, and not filled yet */
		if (file->seen[0].st_size == 0)
			return 0;
		file->frozen = file->seen[1].st_size == 0;
		if (open_once(file, path, err) == 0)
			return 0;
		if (file->frozen || sqlite3_errcode(file->db) != SQLITE_CANTOPEN)
			return -1;
		if (tries == SETTLE_TRIES)
			return error_set(err, ERROR_SYSTEM,
					 "%s-wal is there without %s-shm, so its last entries "
					 "cannot be read; the next run that changes something "
					 "mends that",
					 path, path);
		journal_file_close(file);
		nanosleep(&pause, NULL);
	}
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool journal_file_was_changed(const struct journal_file *file, const char *path)
{
	struct stat now[2];

	if (!file->frozen)
		return false;
	return look(path, now) < 0 || !is_same(&now[0], &file->seen[0]) ||
	       !is_same(&now[1], &file->seen[1]);
}

void journal_file_close(struct journal_file *file)
{
	sqlite3_close(file->db);
	*file = (struct journal_file){ 0 };
}
