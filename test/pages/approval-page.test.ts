import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { renewLink } from '../../lambdas/domain/approval/renew-link.ts';
import { settleGate } from '../../lambdas/domain/approval/settle-gate.ts';
import type { Release } from '../../lambdas/domain/model/release.ts';
import { LISTINGS } from '../../lambdas/domain/model/table/listings.ts';
import type { Analysis } from '../../lambdas/domain/plan/analysis.ts';
import type { Configuration } from '../../lambdas/domain/plan/parity.ts';
import { listAll } from '../../lambdas/domain/transaction/list-all.ts';
import { formNonce } from '../../lambdas/pages/form-nonce.ts';
import { APPLICATION, CLIENT, JANE, STAFF } from '../api/pipeline-world.ts';
import { anAnalysis } from '../harness/analysis-builder.ts';
import { DIGEST, OTHER_DIGEST } from '../harness/builders.ts';
import { readable, SECOND, TestPage } from './test-page.ts';

const DAY = 24 * 3600;

/** Returns the resources whose details are open, without their modules. */
const opened = (text: string): (string | undefined)[] =>
  [
    ...text.matchAll(/<details class="resource" open>.*?<bdi>(?:<span class="path">[^<]*<\/span>)?([^<]*)<\/bdi>/gs),
  ].map(([, address]) => address);

describe('an open link', () => {
  test('says what of a release made by API was not read from the commit', async () => {
    const shown = async (facts: Partial<Release>) => {
      const page = await TestPage.create('stage1');
      await page.store.transact(async (transaction) => {
        const release = await transaction.get('release', { application: 'my-app', number: 1 });
        if (release) transaction.put('release', { ...release, ...facts });
      });
      return readable((await page.open()).text);
    };
    const note = 'not read from the commit';
    expect(await shown({ source: 'api', message: 'Harmless', author: 'Alice' })).toContain(note);
    expect(await shown({ source: 'api', message: '', author: '' })).not.toContain(note);
    expect(await shown({ source: 'push', message: 'Harmless', author: 'Alice' })).not.toContain(note);
    const read = { source: 'api', message: 'Larger database', author: 'Ada <ada@example.com>' } as const;
    const same = await shown({ ...read, stated: { message: 'Larger database', author: 'Ada' } });
    expect(same).toContain('Larger database');
    expect(same).not.toContain(note);
    expect(await shown({ ...read, stated: { message: 'Harmless', author: 'Alice' } })).toContain(
      'The request for this release says, naming Alice (not read from the commit): Harmless',
    );
    expect(await shown({ ...read, stated: { message: '', author: 'Alice' } })).toContain(
      'The request for this release names Alice (not read from the commit).',
    );
  });

  test('names what comes along that is not in the commit, or did not run before', async () => {
    const shown = async (analysis: Partial<Analysis>) => {
      const page = await TestPage.create('stage1', { analysis: anAnalysis(analysis) });
      return readable((await page.open()).text);
    };
    const aws = 'registry.terraform.io/hashicorp/aws';
    const text = await shown({
      addedFiles: { count: 3, paths: ['build/app.zip', 'build/<b>.zip'] },
      providerChanges: [
        { address: aws, version: '6.1.0', before: '6.0.0' },
        { address: 'registry.terraform.io/hashicorp/random', version: '3.7.0', before: '3.7.0' },
        { address: 'example.com/evil/thing', version: '1.0.0' },
      ],
    });
    for (const fact of [
      ...['3 files that the plan made in the repository', 'build/app.zip', 'build/&lt;b&gt;.zip', 'and 1 more'],
      ...[`${aws} 6.1.0 (6.0.0 before)`, 'evil/thing 1.0.0 (new)'],
      'random 3.7.0 (the same version, with other hashes in the lock file)',
    ])
      expect(text).toContain(fact);
    expect(await shown({})).not.toContain('Changed providers and added files');
  });

  test('names what was not rehearsed, those that destroy first, and what counts with a note', async () => {
    const rehearsal = {
      environment: 'stage1',
      rehearsed: 7,
      of: 9,
      partly: 1,
      appliesKnown: true,
      unrehearsed: [
        { address: 'module.db.aws_db_instance.main', action: 'replace' as const, why: 'stage1 has <not> replaced it' },
        { address: 'aws_sqs_queue.jobs', action: 'create' as const, why: 'stage1 has not created it' },
      ],
      moreUnrehearsed: 12,
      noted: [{ address: 'aws_x.a', action: 'update' as const, note: 'indexes aside' }],
      moreNoted: 0,
    };
    const page = await TestPage.create('prod1', { planned: { rehearsal } });
    const text = readable((await page.open()).text);
    for (const fact of [
      'When the plan was made: 7 of 9 changes were rehearsed in stage1; 1 of them only by an apply that failed.',
      'aws_db_instance.main replace: stage1 has &lt;not&gt; replaced it',
      'aws_sqs_queue.jobs create: stage1 has not created it',
      'and 12 more',
      'aws_x.a change: indexes aside',
      'Rehearsed: an earlier apply in stage1 did the same to the same address. Values are not compared',
    ])
      expect(text).toContain(fact);
    expect(text.indexOf('aws_sqs_queue.jobs create')).toBeGreaterThan(text.indexOf('aws_db_instance.main replace'));
    await page.planAgain(anAnalysis({ changeDigest: 'b'.repeat(64) }));
    expect(readable((await page.open()).text)).not.toContain('rehearsed');
    const without = await TestPage.create('prod1');
    expect(readable((await without.open()).text)).not.toContain('rehearsed');
  });

  test('shows what is asked, by whom, where, what changes and until when', async () => {
    const page = await TestPage.create('stage1', { requestedBy: JANE });
    const { status, text } = await page.open();
    const shown = readable(text);
    expect(status).toBe(200);
    for (const fact of [
      ...['Deploy release 1 to stage1', `${STAFF} asks to deploy release 1 to stage1`, 'for the staff approval'],
      ...[
        'my-app',
        'of acme',
        'staging',
        '222222222222',
        'eu-west-1',
        'Change',
        '30 Nov 2026 10:00 UTC, 7 days left',
        DIGEST,
      ],
      ...[
        '2 to create',
        '1 to change',
        '1 to destroy',
        '1 of them replaced',
        'Blast radius high',
        'Cost a month +$12.50',
      ],
      ...['This plan destroys data', 'aws_db_instance.main is replaced: its data is lost'],
      ...['1 resource will be replaced', '1 resource will be changed', '1 resource will be created'],
      ...[
        'engine_version forces replacement before: 15.4 → after: 16.1',
        'password changes; sensitive, therefore not shown',
      ],
      ...['desired_count before: 2 → after: 4', 'Known only after the apply: endpoint', 'cannot be changed in place'],
      ...['Moved from aws_s3_bucket.old', '3 further attributes not shown', 'queue_url', 'https://sqs.example/jobs'],
      ...['3 touched, 1 depends on them', 'opens port 22 to everybody', 'aws_ssm_parameter.db'],
      ...['$10.00', '$22.50', 'between +$10.00 and +$20.00', '80 % of the resources have a price', '2026-10-01'],
      ...['Check check.health fails: the endpoint answers 503', 'aws_security_group.web was changed outside'],
      ...[
        'Staff open 0 of 1 approval',
        'Waiting for you, 7 days left',
        'Your decision',
        'Comment',
        'Approve',
        'Reject',
      ],
    ])
      expect(shown).toContain(fact);
  });

  test('draws the blast radius, and describes the picture to those who do not see it', async () => {
    const { text } = await (await TestPage.create('stage1')).open();
    expect(text).toMatch(/<svg [^>]*role="img" aria-labelledby="[^"]+"/);
    expect(text).toContain('aws_db_instance.main is replaced; data is lost, which reaches aws_ecs_service.app');
  });

  test.each([
    [true, 'In dev1 Passed through on 23 Nov 2026: there was nothing to change, so nothing was applied'],
    [false, 'In dev1 Applied on 23 Nov 2026'],
  ])('says whether the release was applied in the environment before: passed %s', async (passed, words) => {
    const page = await TestPage.create('stage1');
    await page.world.store.transact(async (transaction) => {
      const outcome = await transaction.get('outcome', { application: 'my-app', environment: 'dev1', release: 1 });
      if (outcome) transaction.put('outcome', { ...outcome, passed });
    });
    expect(readable((await page.open()).text)).toContain(words);
  });

  describe('into production', () => {
    const module = (version: string) => ({ call: 'module.web', source: 'git::https://git.example/web', version });
    const shownFor = async (stage1: Configuration, prod1: Configuration) => {
      const page = await TestPage.create('prod1');
      await page.consistsOf('stage1', stage1);
      await page.consistsOf('prod1', prod1);
      return readable((await page.open()).text);
    };
    const compared = (staging: string, production: string, variables: string[] = []) =>
      shownFor({ modules: [module(staging)], variables: [] }, { modules: [module(production)], variables });
    const parts = { modules: [{ ...module('2.0.0'), arguments: ['size'] }], variables: ['size'] };

    test('says what staging has not tried out', async () => {
      const shown = await compared('2.0.0', '1.4.0', ['audit']);
      expect(shown).toContain('Compared with stage1');
      expect(shown).toMatch(/module\.web 2\.0\.0 git::https:\/\/git\.example\/web 1\.4\.0/);
      expect(shown).toContain('Variables only in prod1: audit');
    });

    test('says what was compared where that does not differ, and never that the two are the same', async () => {
      const whole = { ...parts, rootResources: ['aws_sqs_queue.jobs'] };
      const shown = await shownFor(whole, whole);
      expect(shown).toContain(
        'No difference in what was compared. Compared: modules with their sources and versions, names of their arguments, names of the root variables and resources outside of modules by type and name. Values are not compared.',
      );
      expect(shown).not.toMatch(/Not compared|[Tt]he same/);
    });

    test('names resources outside of modules that stand in one of the two only', async () => {
      const many = Array.from({ length: 50 }, (_, at) => `aws_sqs_queue.number_${at}`);
      const shown = await shownFor(
        { ...parts, rootResources: ['aws_sns_topic.trial'] },
        { ...parts, rootResources: ['aws_s3_bucket.audit', ...many] },
      );
      expect(shown).toContain('stage1, where releases are tried out, differs from what prod1 becomes:');
      expect(shown).toContain('Resources outside of modules only in stage1: aws_sns_topic.trial');
      expect(shown).toContain(
        'Resources outside of modules only in prod1: aws_s3_bucket.audit , aws_sqs_queue.number_0 ,',
      );
      expect(shown).toMatch(/ and 11 more\b/);
    });

    test('says what was not compared, because older records do not have it', async () => {
      const shown = await compared('2.0.0', '2.0.0');
      expect(shown).toContain('No difference in what was compared.');
      expect(shown).toContain(
        'Not compared, because it is not recorded for one of the two: names of their arguments and resources outside of modules by type and name.',
      );
    });

    test('says nothing where it is not known', async () => {
      expect(readable((await (await TestPage.create('prod1')).open()).text)).not.toContain('Compared with');
    });
  });

  test('puts the most dangerous changes first and opens them', async () => {
    const { text } = await (await TestPage.create('stage1')).open();
    const order = ['aws_db_instance.main</bdi>', 'aws_ecs_service.app</bdi>', 'aws_sqs_queue.jobs'];
    const positions = order.map((address) => text.indexOf(address, text.indexOf('What changes')));
    expect(positions).toEqual([...positions].sort((one, other) => one - other));
    expect(opened(text)).toEqual(['aws_db_instance.main', 'aws_ecs_service.app']);
  });

  test('opens of many resources only those that are replaced', async () => {
    const { resources } = anAnalysis();
    const more = Array.from({ length: 9 }, (_, at) => ({ ...resources[1], address: `aws_x.y[${at}]` }));
    const analysis = anAnalysis({ resources: [...resources, ...more] as typeof resources });
    const { text } = await (await TestPage.create('stage1', { analysis })).open();
    expect(opened(text)).toEqual(['aws_db_instance.main']);
  });

  test('shows text of others as text', async () => {
    const analysis = anAnalysis({ notices: ['<script>alert(1)</script>'] });
    const [resource] = analysis.resources;
    if (!resource) throw new Error('the analysis has no resource');
    const evil = { ...resource, address: '"><img src=x onerror=alert(1)>' };
    const page = await TestPage.create('stage1', { analysis: { ...analysis, resources: [evil] } });
    await page.world.store.transact(async (transaction) => {
      const release = await transaction.get('release', { application: 'my-app', number: 1 });
      if (release) transaction.put('release', { ...release, message: '</p><form action="https://evil.example">' });
    });
    const { text } = await page.open();
    expect(text).not.toMatch(/<script|<img|evil\.example">/);
    expect(text.match(/<form/g)).toHaveLength(1);
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  test('fits a plan of five thousand resources on one page and says what it leaves out', async () => {
    const [resource] = anAnalysis().resources;
    if (!resource) throw new Error('the analysis has no resource');
    const attributes = Array.from({ length: 100 }, (_, at) => ({
      path: `a${at}`,
      before: 'x'.repeat(600),
      after: 'y',
    }));
    const resources = Array.from({ length: 5000 }, (_, at) => ({ ...resource, address: `aws_x.y[${at}]`, attributes }));
    const { text } = await (await TestPage.create('stage1', { analysis: anAnalysis({ resources }) })).open();
    expect(Buffer.byteLength(text)).toBeLessThan(6_000_000);
    expect(readable(text)).toContain('5000 resources will be replaced');
    expect(readable(text)).toContain('And 2850 more, which do not fit on this page.');
    expect(readable(text)).toContain('63 further attributes not shown');
  });

  test('is a page without scripts that loads nothing and is kept nowhere', async () => {
    const { headers, text } = await (await TestPage.create('stage1')).open();
    const style = /<style>(.*)<\/style>/s.exec(text)?.[1] ?? '';
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-robots-tag': 'noindex, nofollow',
      'content-security-policy': [
        "default-src 'none'",
        `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
        'img-src data:',
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ].join('; '),
    });
    expect(text).not.toMatch(/<script|\son\w+=|style="|src=|<link|@import|url\((?!#)/);
  });

  test('has landmarks, one first heading, and a label for every field', async () => {
    const { text } = await (await TestPage.create('prod1')).open();
    expect(text).toMatch(/<html lang="en">/);
    for (const landmark of ['<header', '<main', '<footer'])
      expect(text.match(new RegExp(landmark, 'g'))).toHaveLength(1);
    expect(text.match(/<h1/g)).toHaveLength(1);
    const fields = [...text.matchAll(/<(?:textarea|input type="text") id="(\w+)"/g)].map(([, id]) => id);
    expect(fields).toEqual(['comment', 'environment']);
    for (const id of fields) expect(text).toContain(`<label for="${id}"`);
    for (const [, id] of text.matchAll(/aria-labelledby="([\w-]+)"/g)) expect(text).toContain(`id="${id}"`);
  });

  test('names its own secret only as the address the form posts to', async () => {
    const page = await TestPage.create('stage1');
    const token = await page.token();
    const { text } = await page.open(token);
    expect(text.split(token)).toHaveLength(2);
    expect(text).toContain(`<form method="post" action="/approvals/${token}">`);
  });
});

describe('a decision by the form', () => {
  test('approves, resumes the task and thanks', async () => {
    const page = await TestPage.create('stage1');
    const { status, text } = await page.submit({ decision: 'approve', comment: 'Looks\r\nright' });
    expect(status).toBe(200);
    expect(readable(text)).toContain(
      `Thank you. You have approved Looks right Approved by ${STAFF} on 23 Nov 2026, 10:00 UTC`,
    );
    expect(text).not.toContain('<form');
    expect(await page.gate()).toMatchObject({
      status: 'approved',
      decisions: [{ decision: 'approve', by: STAFF, via: 'link', comment: 'Looks\nright', digest: DIGEST }],
    });
    expect(page.world.workflow.resumed).toHaveLength(1);
  });

  test('rejects, with a comment or without', async () => {
    const page = await TestPage.create('stage1');
    const { status, text } = await page.submit({ decision: 'reject', comment: '' });
    expect(status).toBe(200);
    expect(readable(text)).toContain('Thank you. You have rejected');
    expect((await page.gate())?.decisions[0]).not.toHaveProperty('comment');
  });

  test('needs the name of a production environment to approve, not to reject', async () => {
    const page = await TestPage.create('prod1');
    for (const environment of ['', 'prod', 'PROD1', 'stage1']) {
      const { status, text } = await page.submit({ decision: 'approve', environment, comment: 'kept <b>' });
      expect(status).toBe(400);
      expect(readable(text)).toContain('Nothing was decided To approve, type the name of the environment, prod1');
      expect(text).toContain('kept &lt;b&gt;</textarea>');
    }
    expect((await page.gate())?.decisions).toEqual([]);
    expect((await page.submit({ decision: 'approve', environment: ' prod1 ' })).status).toBe(200);
    const other = await TestPage.create('prod1');
    expect((await other.submit({ decision: 'reject' })).status).toBe(200);
  });

  test('says at the field what is wrong with it, and keeps what was written', async () => {
    const page = await TestPage.create('prod1');
    const named = await page.submit({ decision: 'approve', environment: 'prod', comment: 'kept' });
    expect(named.text).toMatch(
      /id="environment"[^>]* aria-invalid="true" aria-describedby="problem">\s*<p id="problem"/,
    );
    expect(readable(named.text)).toMatch(/^ Not decided: Deploy release 1 to prod1/);
    const long = await page.submit({ decision: 'reject', comment: 'x'.repeat(2001) });
    expect(long.text).toMatch(/<textarea id="comment"[^>]* aria-invalid="true" aria-describedby="problem">/);
    expect(readable(long.text)).toContain('Nothing was decided A comment may have 2000 characters.');
    expect(long.text.match(/id="problem"/g)).toHaveLength(1);
  });

  test('counts once however often it is sent, and heals a task that was not resumed', async () => {
    const page = await TestPage.create('stage1');
    const answers = await Promise.all([1, 2, 3].map(() => page.submit({ decision: 'approve' })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    page.world.workflow.waiting.add(`token of ${page.id} staff`);
    expect((await page.submit({ decision: 'approve' })).status).toBe(200);
    expect((await page.gate())?.decisions).toHaveLength(1);
    expect(page.world.workflow.waiting.size).toBe(0);
  });

  test('of two people who decide in the same moment exactly one ends it, and both are told', async () => {
    const page = await TestPage.create('stage1');
    const other = await page.token(SECOND);
    const answers = await Promise.all([
      page.submit({ decision: 'approve' }),
      page.submit({ decision: 'reject' }, other),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await page.gate())?.decisions).toHaveLength(1);
    expect(readable(answers.find(({ status }) => status === 409)?.text ?? '')).toMatch(/Nothing was decided.*gate is/);
  });

  test.each([
    ['without the nonce of the form', 'decision=approve'],
    ['with a wrong nonce', 'decision=approve&nonce=AAAA'],
    ['with no body at all', ''],
    ['as JSON', '{"decision":"approve"}'],
  ])('is refused %s', async (_, body) => {
    const page = await TestPage.create('stage1');
    const { status, text } = await page.post(body);
    expect(status).toBe(400);
    expect(text).toContain('role="alert"');
    expect((await page.gate())?.status).toBe('open');
  });

  test.each([
    ['a decision nobody knows', { decision: 'maybe' }],
    ['no decision', {}],
    ['a comment without end', { decision: 'approve', comment: 'x'.repeat(2001) }],
    ["another link's nonce", { decision: 'approve', nonce: 'bm90aGluZw' }],
  ])('is refused for %s', async (_, fields) => {
    const page = await TestPage.create('stage1');
    expect((await page.submit(fields)).status).toBe(400);
    expect((await page.gate())?.decisions).toEqual([]);
  });

  test('cannot change what the same person decided before', async () => {
    const page = await TestPage.create('stage1', { planned: { gates: [{ gate: 'staff', required: 2 }] } });
    await page.submit({ decision: 'approve' });
    const { status, text } = await page.submit({ decision: 'reject' });
    expect(status).toBe(409);
    expect(readable(text)).toContain(`${STAFF} decided to approve at`);
  });

  test('of whoever asked for a production deployment cannot be an approval', async () => {
    const page = await TestPage.create('prod1', { requestedBy: JANE });
    const { text } = await page.open();
    expect(readable(text)).toContain(`You cannot approve this: ${STAFF} asked for this production deployment`);
    expect(text).not.toContain('value="approve"');
    expect(text).toContain('value="reject"');
    const { status } = await page.submit({ decision: 'approve', environment: 'prod1' });
    expect(status).toBe(403);
    expect((await page.gate())?.decisions).toEqual([]);
    expect((await page.submit({ decision: 'reject' })).status).toBe(200);
  });

  test('of one person cannot fill both gates', async () => {
    const page = await TestPage.create('prod1');
    await page.submit({ decision: 'approve', environment: 'prod1' });
    await page.world.openGate(page.id, 'client');
    await page.world.put(`/applications/my-app/approvers/${STAFF}`, { gates: ['client'] });
    const token = await page.token(STAFF, { gate: 'client' });
    const { status } = await page.submit({ decision: 'approve', environment: 'prod1' }, token);
    expect(status).toBe(403);
    expect((await page.gate('client'))?.decisions).toEqual([]);
    const client = await page.token(CLIENT, { gate: 'client' });
    expect((await page.submit({ decision: 'approve', environment: 'prod1' }, client)).status).toBe(200);
  });

  test('through a link for one gate never decides another', async () => {
    const page = await TestPage.create('prod1');
    const token = await page.token(CLIENT, { gate: 'client' });
    expect((await page.submit({ decision: 'approve', environment: 'prod1' }, token)).status).toBe(404);
    const foreign = await page.token(CLIENT);
    expect((await page.submit({ decision: 'approve', environment: 'prod1' }, foreign)).status).toBe(403);
    expect((await page.gate())?.decisions).toEqual([]);
  });
});

describe('every state has its page', () => {
  test('replaced: a newer mail has another link, this one shows nothing of the plan and decides nothing', async () => {
    const page = await TestPage.create('stage1');
    const older = await page.token();
    await renewLink(
      { ...page.world.services, publicUrl: 'https://api.example.com' },
      { deploymentId: page.id, gate: 'staff', email: STAFF },
      { principal: JANE },
    );
    const { status, text } = await page.open(older);
    expect(status).toBe(410);
    expect(readable(text)).toContain('A newer e-mail has replaced this one');
    expect(text).not.toContain('aws_db_instance');
    expect(text).not.toContain('<form');
    const refused = await page.submit({ decision: 'approve' }, older);
    expect(refused.status).toBe(409);
    expect(readable(refused.text)).toContain('A newer e-mail has replaced this one');
    expect((await page.gate())?.decisions).toEqual([]);
    expect((await page.submit({ decision: 'approve' }, await page.token(STAFF, { sequence: 2 }))).status).toBe(200);
  });

  test('decided by you, and others are still asked', async () => {
    const page = await TestPage.create('stage1', { planned: { gates: [{ gate: 'staff', required: 2 }] } });
    await page.submit({ decision: 'approve', comment: 'Fine' });
    const { status, text } = await page.open();
    expect(status).toBe(200);
    expect(readable(text)).toContain(
      `You have approved Fine Approved by ${STAFF} on 23 Nov 2026, 10:00 UTC. 1 further approval is needed from others.`,
    );
    expect(text).not.toContain('<form');
  });

  test('decided by you, and the policy was raised meanwhile', async () => {
    const page = await TestPage.create('stage1', { planned: { gates: [{ gate: 'staff', required: 2 }] } });
    await page.submit({ decision: 'approve' });
    await page.world.put('/applications/my-app', { ...APPLICATION, policy: { staging: { staff: 4, client: 1 } } });
    const shown = readable((await page.open()).text);
    expect(shown).toContain('3 further approvals are needed from others.');
    expect(shown).toContain('1 of 4 approvals');
    expect(shown).toContain('1 approval needed');
  });

  test('approved by others', async () => {
    const page = await TestPage.create('stage1');
    await page.submit({ decision: 'approve' }, await page.token(SECOND));
    const { status, text } = await page.open();
    expect(status).toBe(200);
    expect(readable(text)).toContain(`Others have approved Approved by ${SECOND} on 23 Nov 2026, 10:00 UTC.`);
    const late = await page.submit({ decision: 'approve' });
    expect(late.status).toBe(409);
  });

  test('rejected, by whom and why', async () => {
    const page = await TestPage.create('stage1');
    await page.submit({ decision: 'reject', comment: 'Too late today' }, await page.token(SECOND));
    expect(readable((await page.open()).text)).toContain(
      `Rejected Too late today Rejected by ${SECOND} on 23 Nov 2026, 10:00 UTC. Nothing was changed.`,
    );
  });

  test('expired, before and after the workflow has noticed', async () => {
    const page = await TestPage.create('stage1');
    page.world.surroundings.advance(7 * DAY);
    const { status, text } = await page.open();
    expect(status).toBe(410);
    expect(readable(text)).toContain('The time to decide is over Nobody decided before 30 Nov 2026, 10:00 UTC.');
    expect(text).not.toContain('<form');
    const late = await page.submit({ decision: 'approve' });
    expect(late.status).toBe(409);
    expect(readable(late.text)).toContain('the staff gate expired at');
    expect((await page.gate())?.decisions).toEqual([]);
    await settleGate(page.world.services, page.id, 'staff');
    expect((await page.gate())?.status).toBe('expired');
    expect((await page.open()).text).toContain('The time to decide is over');
    expect((await page.submit({ decision: 'approve' })).status).toBe(409);
  });

  test('canceled, by whom', async () => {
    const page = await TestPage.create('stage1');
    await page.world.post(`/applications/my-app/environments/stage1/deployments/${page.id}/cancel`, undefined, JANE);
    const { status, text } = await page.open();
    expect(status).toBe(410);
    expect(readable(text)).toContain(`Canceled The request was canceled by ${STAFF}.`);
  });

  test('superseded, by what', async () => {
    const page = await TestPage.create('stage1');
    const { world } = page;
    await world.end(await world.release(2));
    const newer = await world.deploy('stage1', 2);
    const { status, text } = await page.open();
    expect(status).toBe(410);
    expect(readable(text)).toContain(`A newer release took its place`);
    expect(readable(text)).toContain(`release 2 (${newer}) came instead`);
  });

  test('over, because the deployment failed meanwhile', async () => {
    const page = await TestPage.create('stage1');
    await page.world.end(page.id, 'failed');
    const { status, text } = await page.open();
    expect(status).toBe(410);
    expect(readable(text)).toContain('There is nothing to decide any more The deployment failed.');
  });

  test.each([
    ['another digest', { digest: OTHER_DIGEST }],
    ['another round', { round: 2 }],
  ])('changed since: the link is for %s', async (_, link) => {
    const page = await TestPage.create('stage1');
    const token = await page.token(STAFF, link);
    const { status, text } = await page.open(token);
    expect(status).toBe(410);
    expect(readable(text)).toContain('The plan has changed since this e-mail');
    expect(text).not.toContain('aws_db_instance');
    expect(text).not.toContain('<form');
    expect((await page.submit({ decision: 'approve' }, token)).status).toBe(409);
    expect((await page.gate())?.decisions).toEqual([]);
  });

  describe('planned again', () => {
    const [database, service, ...others] = anAnalysis().resources;
    const scaled = { ...service, attributes: [{ path: 'desired_count', before: 2, after: 6 }] };
    const another = anAnalysis({
      resources: [scaled, ...others] as Analysis['resources'],
      changeDigest: 'e'.repeat(64),
    });

    test('with another meaning: the old link says what differs, the new one asks and says so too', async () => {
      const page = await TestPage.create('stage1');
      const old = await page.token();
      expect((await page.submit({ decision: 'approve', comment: 'fine' })).status).toBe(200);
      await page.planAgain(another);
      const changed = await page.open(old);
      expect(changed.status).toBe(410);
      for (const fact of [
        ...['The plan has changed since this e-mail', 'What differs from the earlier plan'],
        ...[
          `${database?.address} would have been replaced, would now be left alone`,
          'desired_count planned before: 4 → planned now: 6',
          'tags',
        ],
        ...[`Approved by ${STAFF} on 23 Nov 2026, 10:00 UTC; about an earlier plan, no longer counts fine`],
      ])
        expect(readable(changed.text)).toContain(fact);
      expect(changed.text).not.toContain('<form');
      expect((await page.submit({ decision: 'approve' }, old)).status).toBe(409);
      expect((await page.gate())?.decisions).toEqual([]);

      const link = { round: 2, digest: OTHER_DIGEST };
      const asked = readable((await page.open(await page.token(STAFF, link))).text);
      for (const fact of [
        'What differs from the earlier plan',
        'desired_count planned before: 4 → planned now: 6',
        'Your decision',
        'number 2 of this',
      ])
        expect(asked).toContain(fact);
      expect((await page.submit({ decision: 'approve' }, await page.token(STAFF, link))).status).toBe(200);
      expect((await page.gate())?.status).toBe('approved');
    });

    test('with modules of other content: says which, and what has moved', async () => {
      const module = (facts: Partial<Analysis['modules'][number]>) => ({
        ...{ call: 'module.web', source: 'git::https://git.example/web?ref=main', version: 'main', arguments: [] },
        ...facts,
      });
      const modules = [module({ identity: '1'.repeat(64) }), module({ call: 'module.<b>', version: '1.0.0' })];
      const page = await TestPage.create('stage1', { analysis: anAnalysis({ modules }) });
      await page.planAgain(
        anAnalysis({ changeDigest: 'e'.repeat(64), modules: [module({ identity: '2'.repeat(64) })] }),
      );
      const text = readable((await page.open()).text);
      expect(text).toContain(
        'module.web was main (111111111111…) git::https://git.example/web?ref=main , is now main (222222222222…) git::https://git.example/web?ref=main : the same version of the same source, which has moved',
      );
      expect(text).toContain('module.&lt;b&gt; was 1.0.0 (content not known)');
      expect(text).toContain('is now not there');
      expect(text).not.toContain('Nothing: it would do the same.');
      expect(text).not.toContain('what differs is sensitive');
    });

    test('with the same meaning: approvals stand, and the old link tells so', async () => {
      const page = await TestPage.create('stage1');
      expect((await page.submit({ decision: 'approve' })).status).toBe(200);
      await page.planAgain(anAnalysis({ changeDigest: 'c'.repeat(64) }));
      expect(await page.gate()).toMatchObject({ status: 'approved', round: 2, carried: [{ round: 1 }] });
      const { status, text } = await page.open();
      expect(status).toBe(200);
      expect(readable(text)).toContain('You have approved');
      expect((await page.submit({ decision: 'approve' })).status).toBe(409);
    });

    test('before anybody decided: whose link is old is told so, whatever the new plan means', async () => {
      const page = await TestPage.create('stage1');
      const old = await page.token(SECOND);
      await page.planAgain(anAnalysis());
      expect((await page.open(old)).status).toBe(410);
      expect((await page.submit({ decision: 'approve' }, old)).status).toBe(409);
    });
  });

  test('no longer asked, because the approver was removed', async () => {
    const page = await TestPage.create('stage1');
    await page.world.delete(`/applications/my-app/approvers/${STAFF}`);
    const { status, text } = await page.open();
    expect(status).toBe(410);
    expect(readable(text)).toContain('You are no longer asked');
    expect(text).not.toContain('aws_db_instance');
    expect((await page.submit({ decision: 'approve' })).status).toBe(403);
  });

  test('unknown: the same whether forged, malformed or forgotten', async () => {
    const page = await TestPage.create('stage1');
    const real = await page.token();
    const forgotten = await page.token(STAFF, { deploymentId: 'my-app-stage1-9-abcdef' });
    const bad = [
      `${real.slice(0, -1)}x`,
      real.replace('.', ''),
      'nonsense',
      `${real}${real}`,
      '%F0%9F%A4%B7',
      forgotten,
    ];
    const pages = await Promise.all(bad.map((token) => page.open(token)));
    const posts = await Promise.all(bad.map((token) => page.post('decision=approve', token)));
    for (const answer of [...pages, ...posts]) expect(answer).toEqual(pages[0]);
    expect(pages[0]?.status).toBe(404);
    expect(readable(pages[0]?.text ?? '')).toContain('This link leads nowhere');
  });
});

describe('opening a link', () => {
  test('writes nothing, however often it is done', async () => {
    const page = await TestPage.create('stage1');
    const before = await page.gate();
    for (let times = 0; times < 50; times++) await page.open();
    expect(page.store.transactions).toBe(0);
    expect(await page.gate()).toEqual(before);
  });

  test('with a forged token does not even ask the table', async () => {
    const page = await TestPage.create('stage1');
    for (let times = 0; times < 20; times++) {
      await page.open(`forged${times}.${'A'.repeat(43)}`);
      await page.post('decision=approve', `forged${times}.${'A'.repeat(43)}`);
    }
    expect(page.store.reads).toBe(0);
    expect(page.store.transactions).toBe(0);
  });
});

describe('a decision that does not count', () => {
  test('is told in the audit once, with what the person wrote; and nothing that was no decision is', async () => {
    const page = await TestPage.create('prod1', { requestedBy: JANE });
    const audit = async () => (await listAll(page.world.store, LISTINGS.audit('my-app', 'ascending'))).slice(-1);
    const [before] = await audit();
    await page.post('decision=approve');
    await page.post(`decision=approve&nonce=${formNonce('another token')}`);
    await page.submit({ decision: 'maybe' });
    await page.submit({ decision: 'approve', environment: 'prod2' });
    expect(await audit()).toEqual([before]);
    for (let times = 0; times < 5; times++)
      await page.submit({ decision: 'approve', environment: 'prod1', comment: 'mine' });
    expect(await audit()).toMatchObject([
      {
        sequence: (before?.sequence ?? 0) + 1,
        type: 'refused',
        by: STAFF,
        via: 'link',
        comment: 'mine',
        details: { refusal: 'own-request', decision: 'approve' },
      },
    ]);
  });
});

describe('the log', () => {
  test('never holds a link, a nonce or a comment', async () => {
    const page = await TestPage.create('stage1');
    const token = await page.token();
    await page.submit({ decision: 'approve', comment: 'between us' }, token);
    await page.open('forged.token');
    for (const secret of [token, token.split('.')[1] ?? '', formNonce(token), 'between us', 'forged.token'])
      expect(page.world.log.text).not.toContain(secret);
    expect(page.world.log.lines.at(-1)).toContain('"route":"GET /approvals/{token}"');
  });

  test('does not hold it after a crash either, and people see a page', async () => {
    const page = await TestPage.create('stage1');
    const token = await page.token();
    page.store.readAhead = async () => {
      throw new Error(`reading for ${token}`, { cause: new Error(`and ${token} again`) });
    };
    const { status, text } = await page.open(token);
    expect(status).toBe(500);
    expect(readable(text)).toContain('This page could not be made');
    expect(text).not.toContain('reading for');
    expect(page.world.log.text).toContain('reading for <token>');
    expect(page.world.log.text).not.toContain(token);
  });
});
