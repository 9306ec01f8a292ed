// The chat demo in two tabs, each on a node of its own: what is said in one room passes through Redis.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Redis, Server, startBrowser } from "./harness.mjs";
import { openChat } from "./pages/chat.mjs";

const LEASE = "2s"; // after it, a node that is gone is missed

const numbers = (who, from, to) => Array.from({ length: to - from + 1 }, (_, index) => `${who} ${from + index}`);

describe("chat demo on two nodes", { timeout: 120_000 }, () => {
  let redis, nodes, browser, context;
  let rooms = 0;
  let room;

  before(async () => {
    redis = await Redis.start();
    [browser, ...nodes] = await Promise.all([startBrowser(), Server.startNode(redis, LEASE), Server.startNode(redis, LEASE)]);
  });
  after(async () => {
    await browser?.close();
    await Promise.all((nodes ?? []).map((node) => node.stop()));
    await redis?.stop();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1120, height: 720 } });
    context.setDefaultTimeout(20_000);
    room = `tea ${++rooms}`;
  });
  afterEach(() => context?.close());

  /** Ann on the first node and Bob on the second, who see each other. */
  async function open() {
    const ann = await openChat(context, nodes[0].port, { name: "Ann", room });
    const bob = await openChat(context, nodes[1].port, { name: "Bob", room });
    await Promise.all([ann.here("Bob"), bob.here("Ann")]);
    return [ann, bob];
  }

  /** Waits until both show these texts, and asks that they show nothing else, each once, and in one order. Gives that. */
  async function agree(tabs, texts) {
    for (const tab of tabs) for (const text of texts) await tab.sees(text);
    const [one, other] = await Promise.all(tabs.map((tab) => tab.texts()));
    assert.deepEqual(one, other);
    assert.deepEqual([...one].sort(), [...texts].sort());
    return one;
  }

  const of = (who, texts) => texts.filter((text) => text.startsWith(`${who} `));

  test("two tabs on two nodes see each other and talk in one order", async () => {
    const [ann, bob] = await open();
    assert.deepEqual(await Promise.all([ann, bob].map((tab) => tab.at("person").count())), [2, 2]);

    const [anns, bobs] = [numbers("ann", 1, 10), numbers("bob", 1, 10)];
    await Promise.all([ann.write(...anns), bob.write(...bobs)]);
    const all = await agree([ann, bob], [...anns, ...bobs]);
    assert.deepEqual([of("ann", all), of("bob", all)], [anns, bobs], "each in the order in which it was written");

    await bob.page.close();
    await ann.gone("Bob");
    assert.deepEqual([...ann.complaints, ...bob.complaints], []);
  });

  test("what another program publishes in Redis is seen on both nodes", async () => {
    const [ann, bob] = await open();
    await ann.write("before");
    await bob.sees("before");
    assert.equal(await redis.cli("publish", `room:${room}`, '{"user":"ops","text":"hi"}'), "2", "both nodes hear the room");
    await Promise.all([ann.sees("hi"), bob.sees("hi")]);
    await bob.write("after");
    assert.deepEqual(await agree([ann, bob], ["before", "hi", "after"]), ["before", "hi", "after"]);
    for (const tab of [ann, bob]) {
      assert.deepEqual((await tab.messages()).map(({ author }) => author), ["Ann", "ops", "Bob"]);
      assert.equal(await tab.at("person").count(), 2, "who publishes is not here");
    }
    await bob.picture("nodes-ops");
    assert.deepEqual([...ann.complaints, ...bob.complaints], []);
  });

  test("a tab whose node was killed comes back to everything that was said meanwhile", async () => {
    const [ann, bob] = await open();
    const [first, second] = [numbers("ann", 1, 5), numbers("ann", 6, 10)];
    await bob.write("before");
    await ann.sees("before");

    await nodes[1].stop("SIGKILL");
    await bob.isNot("connected");
    await ann.write(...first);
    await ann.gone("Bob"); // nobody said so: the first node missed the second one
    await bob.write("written without a node");
    await ann.write(...second);
    await ann.sees("ann 10");
    await ann.picture("nodes-gone");

    await nodes[1].start();
    await bob.is("connected");
    assert.match(await bob.notice("missed"), /10 missed messages recovered/);
    const all = ["before", ...first, ...second, "written without a node"];
    assert.deepEqual(await agree([ann, bob], all), all);
    await Promise.all([ann.here("Bob"), bob.here("Ann")]);
    for (const tab of [ann, bob]) {
      assert.equal(await tab.at("person").count(), 2);
      assert.equal(await tab.at("person").filter({ hasText: "tabs" }).count(), 0, "of the killed node nobody is left");
    }
    await bob.picture("nodes-back");
    assert.deepEqual(ann.complaints, []);
  });

  test("while Redis is away both tabs say so, and afterwards nothing is lost or doubled", async () => {
    const [ann, bob] = await open();
    await ann.write("before");
    await bob.sees("before");

    await redis.kill();
    for (const tab of [ann, bob]) {
      await tab.is("degraded");
      await tab.notice("Messages cannot be published for the moment");
    }
    assert.equal((await fetch(`${nodes[0].url}/ready`)).status, 503);
    const [anns, bobs] = [numbers("ann", 1, 5), numbers("bob", 1, 5)];
    await Promise.all([ann.write(...anns), bob.write(...bobs)]);
    for (const tab of [ann, bob]) assert.equal((await tab.messages()).filter(({ waiting }) => waiting).length, 5);
    await bob.picture("nodes-degraded");

    await redis.start();
    for (const tab of [ann, bob]) {
      await tab.is("connected");
      await tab.notice("Messages can be published again");
    }
    const all = await agree([ann, bob], ["before", ...anns, ...bobs]); // those refused meanwhile may overtake each other
    assert.equal(all[0], "before");
    await bob.write("after");
    await ann.sees("after");
    assert.deepEqual(await agree([ann, bob], [...all, "after"]), [...all, "after"]);
    for (const tab of [ann, bob]) assert.equal(await tab.at("person").count(), 2);
    await bob.picture("nodes-restored");
    assert.deepEqual([...ann.complaints, ...bob.complaints], [], "nobody had to connect anew");

    const cid = await openChat(context, nodes[0].port, { name: "Cid", room });
    assert.deepEqual(await agree([ann, cid], [...all, "after"]), [...all, "after"], "a newcomer finds what was said before and since");
  });
});
