/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/memory.h"
#include "base/scope.h"
#include "main.h"
#include "model/membership.h"
#include "model/state.h"

static struct state state;

static void set_up(void)
{
	static const unsigned vmids[] = { 101, 102, 1010 };

	state = (struct state)STATE_INIT;
	for (size_t i = 0; i < 3; i++)
		MEMORY_PUSH(state.guests, state.guest_count) =
			(struct state_guest){ .vmid = vmids[i] };
}

static void tear_down(void)
{
	state_release(&state);
}

static void parse(void (*parser)(char *text, struct state *state, unsigned only), const char *text,
		  unsigned only)
{
	CLEANUP(scope_free) char *copy = memory_copy(text);

	parser(copy, &state, only);
}

static void expect(unsigned vmid, const char *pool, const char *ha, const char *replication)
{
	const struct state_guest *guest = state_find_guest(&state, vmid);

	ck_assert_pstr_eq(guest->pool, pool);
	ck_assert_pstr_eq(guest->ha, ha);
	ck_assert_pstr_eq(guest->replication, replication);
}

static const char user_cfg[] =
	"user:root@pam:1:0:::::x:\n\ngroup:admins:root@pam::\n\n"
	"pool:prod:the real ones:101,1010:local-lvm:\npool:test::102::\npool:\npool:half\n"
	"pool:prod/web::999,x,:,:\n\nacl:1:/pool/prod:root@pam:PVEAdmin:\n";

START_TEST(the_pool_that_a_guest_is_in_is_known)
{
	parse(membership_parse_users, user_cfg, 0);
	expect(101, "prod", NULL, NULL);
	expect(1010, "prod", NULL, NULL);
	expect(102, "test", NULL, NULL);
	ck_assert(strvec_contains(&state.resource_pools, "prod/web"));
	ck_assert(strvec_contains(&state.resource_pools, "half"));
	ck_assert_uint_eq(state.resource_pools.count, 4);
}
END_TEST

START_TEST(of_one_guest_alone_no_other_is_noted)
{
	parse(membership_parse_users, user_cfg, 101);
	expect(101, "prod", NULL, NULL);
	expect(1010, NULL, NULL, NULL);
	parse(membership_parse_users, user_cfg, 102);
	ck_assert_uint_eq(state.resource_pools.count, 4);
}
END_TEST

START_TEST(whom_ha_leaves_alone_is_not_ha_s)
{
	parse(membership_parse_ha,
	      "vm: 101\n\tgroup all\n\tstate stopped\n\nct: 102\n\tstate started\n\n"
	      "# vm: 102\nvm: 1010\n\tstate ignored\n", 0);
	expect(101, NULL, "stopped", NULL);
	expect(102, NULL, NULL, NULL);
	expect(1010, NULL, NULL, NULL);
	parse(membership_parse_ha, "\tstate stopped\nvm: 102\nvm: x\n\tstate disabled\n", 0);
	expect(102, NULL, "started", NULL);
}
END_TEST

START_TEST(a_replication_job_names_its_guest)
{
	parse(membership_parse_replication,
	      "local: 101-0\n\ttarget pve2\n\tschedule */15\n\nlocal: 10-0\nlocal: 102\nlocal:\n", 0);
	expect(101, NULL, NULL, "101-0");
	expect(102, NULL, NULL, NULL);
	expect(1010, NULL, NULL, NULL);
}
END_TEST

static void add_cases(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, the_pool_that_a_guest_is_in_is_known);
	tcase_add_test(tcase, of_one_guest_alone_no_other_is_noted);
	tcase_add_test(tcase, whom_ha_leaves_alone_is_not_ha_s);
	tcase_add_test(tcase, a_replication_job_names_its_guest);
}

TEST_MAIN("membership", add_cases)
