// with_imapflow.js - Node's ImapFlow against a.test, as web mail and scripts use it. Prints TAP.
'use strict';

const fs = require('fs');
const { createRequire } = require('module');
const { execFileSync } = require('child_process');

const { A_ADDRESS, CA, SOURCE_DIR } = process.env;
const USER = 'alice@a.test';
const PATIENCE_MS = 20000;
const cases = [];

function check(condition, why) {
    if (!condition) throw new Error(why);
}

function same(got, wanted) {
    const [g, w] = [JSON.stringify(got), JSON.stringify(wanted)];
    check(g === w, `got ${g}\nwanted ${w}`);
}

function letter(subject, body = 'Hello.') {
    return `From: Bob <bob@b.test>\r\nTo: alice@a.test\r\nSubject: ${subject}\r\n` +
        `Date: Sat, 7 Feb 2026 21:52:25 +0000\r\nMessage-ID: <${subject}@client.test>\r\n\r\n${body}\r\n`;
}

function within(promise, what) {
    let timer;
    const late = new Promise((_, no) => { timer = setTimeout(() => no(new Error(`${what}: not in time`)), PATIENCE_MS); });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

let ImapFlow;
let client;

async function session(more = {}) {
    const made = new ImapFlow({
        host: A_ADDRESS, port: Number(process.env.PORT_IMAPS), secure: true, servername: 'mail.a.test',
        tls: { ca: fs.readFileSync(CA), servername: 'mail.a.test' }, auth: { user: USER, pass: 'secret' },
        logger: false, ...more,
    });
    made.on('error', () => {});
    await within(made.connect(), 'log-in');
    return made;
}

cases.push(['ImapFlow is there, of the version that the lock file names', async () => {
    const folder = execFileSync('sh', ['-c', '. tools/setup.sh; node_packages tests/clients/node'],
        { cwd: SOURCE_DIR, encoding: 'utf8' }).trim();
    const load = createRequire(`${folder}/package.json`);
    ({ ImapFlow } = load('imapflow'));
    const lock = JSON.parse(fs.readFileSync(`${SOURCE_DIR}/tests/clients/node/package-lock.json`, 'utf8'));
    same(load('imapflow/package.json').version, lock.packages['node_modules/imapflow'].version);
}]);

cases.push(['logs in over TLS and by STARTTLS; a wrong password is refused', async () => {
    client = await session();
    check(client.usable, 'not usable');
    const other = await session({ port: Number(process.env.PORT_IMAP), secure: false, doSTARTTLS: true });
    check(other.secureConnection, 'not secure');
    await other.logout();
    const error = await session({ auth: { user: USER, pass: 'wrong' } }).then(() => null, e => e);
    check(error && error.authenticationFailed, `not refused: ${error}`);
}]);

cases.push(['lists the folders and finds the special ones by their use', async () => {
    const found = Object.fromEntries((await client.list()).map(b => [b.path, b.specialUse]));
    for (const [name, use] of [['Drafts', '\\Drafts'], ['Sent', '\\Sent'], ['Junk', '\\Junk'], ['Trash', '\\Trash'],
        ['Archive', '\\Archive'], ['INBOX', '\\Inbox']])
        same(found[name], use);
}]);

cases.push(['appends with flags and a date, and is told the UID', async () => {
    for (let i = 1; i <= 5; i++) {
        const done = await client.append('INBOX', letter(`flow-${i}`, `body ${i}`), i === 1 ? ['\\Seen'] : [],
            new Date('2026-02-07T12:00:00Z'));
        same(done.uid, i);
    }
}]);

cases.push(['opens the INBOX and lists envelope, structure, flags, size and date', async () => {
    const box = await client.mailboxOpen('INBOX');
    same([box.exists, box.uidNext, box.readOnly], [5, 6, false]);
    const all = await client.fetchAll('1:*', { uid: true, flags: true, envelope: true, bodyStructure: true, size: true,
        internalDate: true });
    same(all.map(m => [m.seq, m.uid, m.envelope.subject]), [1, 2, 3, 4, 5].map(i => [i, i, `flow-${i}`]));
    same(all[0].envelope.from, [{ name: 'Bob', address: 'bob@b.test' }]);
    same(all[0].envelope.date.toISOString(), '2026-02-07T21:52:25.000Z');
    same(all[0].internalDate.toISOString(), '2026-02-07T12:00:00.000Z');
    same(all[0].bodyStructure.type, 'text/plain');
    same(all[0].size, letter('flow-1', 'body 1').length);
    same(all.map(m => m.flags.has('\\Seen')), [true, false, false, false, false]);
}]);

cases.push(['reads a letter, whole and in pieces', async () => {
    const whole = await client.fetchOne('2', { source: true }, { uid: true });
    same(whole.source.toString(), letter('flow-2', 'body 2'));
    const part = await client.fetchOne('2', { source: { start: 6, maxLength: 12 }, headers: ['subject'] }, { uid: true });
    same(part.source.toString(), letter('flow-2', 'body 2').slice(6, 18));
    same(part.headers.toString().trim(), 'Subject: flow-2');
    const { content } = await client.download('2', '1', { uid: true });
    let text = '';
    for await (const piece of content) text += piece;
    same(text.trim(), 'body 2');
}]);

cases.push(['sets and removes flags', async () => {
    check(await client.messageFlagsAdd('2:3', ['\\Seen', '\\Flagged', '$Todo'], { uid: true }), 'add');
    check(await client.messageFlagsRemove('3', ['\\Flagged'], { uid: true }), 'remove');
    const flags = async uid => [...(await client.fetchOne(uid, { flags: true }, { uid: true })).flags].sort();
    same(await flags('2'), ['$Todo', '\\Flagged', '\\Seen']);
    same(await flags('3'), ['$Todo', '\\Seen']);
}]);

cases.push(['searches', async () => {
    same(await client.search({ seen: false }, { uid: true }), [4, 5]);
    same(await client.search({ subject: 'flow-3' }, { uid: true }), [3]);
    same(await client.search({ or: [{ body: 'body 1' }, { keyword: '$Todo' }], from: 'bob' }, { uid: true }), [1, 2, 3]);
    same(await client.search({ since: new Date('2026-02-08') }, { uid: true }), []);
}]);

cases.push(['copies, moves and deletes, and is told the new UIDs', async () => {
    const copied = await client.messageCopy('1:2', 'Archive', { uid: true });
    same([...copied.uidMap], [[1, 1], [2, 2]]);
    const moved = await client.messageMove('3', 'Archive', { uid: true });
    same([...moved.uidMap], [[3, 3]]);
    check(await client.messageDelete('1', { uid: true }), 'delete');
    same(await client.search({ all: true }, { uid: true }), [2, 4, 5]);
    same((await client.status('Archive', { messages: true, unseen: true })), { path: 'Archive', messages: 3, unseen: 0 });
}]);

cases.push(['makes, renames, subscribes and deletes folders, beyond ASCII too', async () => {
    same((await client.mailboxCreate(['Arbeit', 'Pläne'])).path, 'Arbeit/Pläne');
    check(await client.mailboxSubscribe('Arbeit/Pläne'), 'subscribe');
    same((await client.mailboxRename('Arbeit/Pläne', 'Arbeit/到着')).newPath, 'Arbeit/到着');
    check((await client.list()).some(b => b.path === 'Arbeit/到着'), 'not listed');
    same((await client.mailboxDelete('Arbeit/到着')).path, 'Arbeit/到着');
}]);

cases.push(['idles, and hears of a new letter, of flags and of what another session expunged', async () => {
    await client.mailboxOpen('INBOX');
    const other = await session();
    const heard = (event, right) => within(new Promise(yes => client.on(event, e => right(e) && yes())), event);
    const idle = client.idle();
    const news = heard('exists', e => e.count === 4);
    await other.append('INBOX', letter('news'));
    await news;
    await other.mailboxOpen('INBOX');
    const marked = heard('flags', e => e.flags.has('\\Answered'));
    await other.messageFlagsAdd('4', ['\\Answered'], { uid: true });
    await marked;
    const gone = heard('expunge', e => e.seq === 1 || e.uid === 2);
    await other.messageDelete('2', { uid: true });
    await gone;
    await other.logout();
    client.noop();
    await within(idle, 'end of IDLE');
    same(await client.search({ all: true }, { uid: true }), [4, 5, 6]);
}]);

cases.push(['comes back with QRESYNC or CONDSTORE and sees only what has changed', async () => {
    const before = client.mailbox.highestModseq;
    check(before, 'no HIGHESTMODSEQ');
    await client.messageFlagsAdd('5', ['\\Flagged'], { uid: true });
    await client.logout();
    client = await session({ qresync: true });
    await client.mailboxOpen('INBOX');
    const changed = [];
    for await (const m of client.fetch('1:*', { uid: true, flags: true }, { changedSince: before })) changed.push(m.uid);
    same(changed, [5]);
    await client.logout();
}]);

(async () => {
    let good = true;
    console.log(`1..${cases.length}`);
    for (const [i, [name, body]] of cases.entries()) {
        try {
            await body();
            console.log(`ok ${i + 1} - ${name}`);
        } catch (e) {
            good = false;
            console.log(`not ok ${i + 1} - ${name}\n${String(e.stack || e).replace(/^/gm, '# ')}`);
            if (!ImapFlow) break;
        }
    }
    process.exit(good ? 0 : 1);
})();
