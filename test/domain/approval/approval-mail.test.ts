import { describe, expect, test } from '@jest/globals';
import { approvalMail, type Occasion } from '../../../lambdas/domain/approval/approval-mail.ts';
import type { Standing } from '../../../lambdas/domain/model/passed-through.ts';
import type { Rehearsal } from '../../../lambdas/domain/plan/rehearsal/rehearsal-schema.ts';
import { aDeployment, aGate, aHeadline, aPlanned, aRelease, NOW } from '../../harness/builders.ts';

const LINK = 'https://api.example.com/approvals/abc.def';
const BY = { principal: 'arn:aws:sts::111111111111:assumed-role/Pipeline/nightly' };

describe('the mail that asks for an approval', () => {
  const headline = aHeadline({
    blastRadius: {
      level: 'critical',
      score: 9,
      touchedShare: 0.5,
      directCount: 1,
      dependentCount: 4,
      statefulLosses: ['aws_db_instance.main is replaced'],
      exposures: [
        { address: 'aws_s3_bucket.site', why: 'anybody may read it', kind: 'public-access', severity: 'high' } as never,
      ],
      reasons: ['the database of 4 resources is replaced'],
    },
    cost: { ...aHeadline().cost, monthlyBefore: 10, monthlyAfter: 22.5, monthlyDelta: 12.5, coverage: 80 },
  });
  const deployment = aDeployment('awaiting_approval', { requestedBy: BY, planned: aPlanned({ headline }) });
  const gate = aGate({ gate: 'client', expiresAt: '2026-11-30T10:00:00.000Z' });
  const mail = (message = 'Larger database', occasion: Occasion = 'request', author = 'Dev <dev@example.com>') =>
    approvalMail({ deployment, gate, release: aRelease({ message, author }) }, occasion, LINK);

  test('stands alone: who asks, what for, what it does, what it costs, until when, and the link', () => {
    const { subject, body } = mail();
    expect(subject).toBe('Approve my-app dev1: deploy of release 1');
    for (const words of [
      'Your client approval is needed.',
      'Requested by  nightly (role Pipeline)',
      'deploy of release 1 (commit c0ffee000000)',
      'What it is for, in the words of Dev <dev@example[.]com>:',
      '| Larger database',
      'aws_db_instance.main is replaced',
      'aws_s3_bucket.site: anybody may read it',
      'Blast radius  critical',
      '- the database of 4 resources is replaced',
      '10.00 -> 22.50 USD a month (+12.50), 80 % of resources priced',
      'Expires       30 Nov 2026, 10:00 UTC',
      LINK,
      `Plan digest ${gate.digest}`,
    ])
      expect(body).toContain(words);
  });

  test.each<[Standing, string]>([
    ['applied', 'In stage1     applied, 23 Nov 2026, 10:00 UTC\n'],
    [
      'passed',
      'In stage1     passed through, 23 Nov 2026, 10:00 UTC: there was nothing to change, so nothing was applied',
    ],
    ['succeeded', 'In stage1     succeeded, 23 Nov 2026, 10:00 UTC: whether anything was applied was not recorded'],
    ['withdrawn', 'In stage1     withdrawn, 23 Nov 2026, 10:00 UTC: its success no longer counts'],
  ])('says what became of the release in the environment before: %s', (standing, line) => {
    const before = { environment: 'stage1', standing, at: NOW };
    const { body } = approvalMail({ deployment, gate, release: aRelease(), before }, 'request', LINK);
    expect(body).toContain(`\n  ${line}`);
    expect(mail().body).not.toContain('In stage1');
  });

  test('has a space after the name of an environment that is long', () => {
    const before = { environment: 'staging-europe-1', standing: 'applied' as const, at: NOW };
    const { body } = approvalMail({ deployment, gate, release: aRelease(), before }, 'request', LINK);
    expect(body).toContain('  In staging-europe-1 applied, ');
  });

  test('tells lost data before anything else of the plan', () => {
    const { body } = mail();
    const positions = ['Data that would be lost', 'Exposed to others', 'Changes', 'Blast radius', 'Cost', LINK];
    const found = positions.map((words) => body.indexOf(words));
    expect(found).toEqual(found.toSorted((one, other) => one - other));
    expect(found).not.toContain(-1);
  });

  test('says in one line how much of the plan was rehearsed, and nothing where that is not asked', () => {
    const rehearsed = (facts: Partial<Rehearsal> = {}) => {
      const rehearsal = {
        environment: 'stage1',
        rehearsed: 7,
        of: 9,
        partly: 0,
        appliesKnown: true,
        unrehearsed: [],
        moreUnrehearsed: 2,
        noted: [],
        moreNoted: 0,
        ...facts,
      };
      const planned = aPlanned({ headline, rehearsal });
      const { body } = approvalMail(
        { deployment: { ...deployment, planned }, gate, release: undefined },
        'request',
        LINK,
      );
      return body.split('\n').filter((line) => /rehears/i.test(line));
    };
    expect(rehearsed()).toEqual(['  Rehearsal     7 of 9 changes were rehearsed in stage1']);
    expect(rehearsed({ partly: 2, appliesKnown: false })).toEqual([
      '  Rehearsal     7 of 9 changes were rehearsed in stage1; 2 of them only by an apply that failed; not every apply there is known',
    ]);
    expect(rehearsed({ rehearsed: 1, of: 1, appliesKnown: false })).toEqual([
      '  Rehearsal     1 of 1 change was rehearsed in stage1',
    ]);
    expect(mail().body).not.toMatch(/rehears/i);
  });

  test.each<[Occasion, string, RegExp]>([
    ['first-reminder', 'Reminder: approve my-app dev1: deploy of release 1', /still needed\./],
    ['last-reminder', 'Reminder: approve my-app dev1: deploy of release 1', /the time to decide ends soon/],
    ['renewal', 'Approve my-app dev1: deploy of release 1', /replaces an earlier one/],
  ])('says why it comes: %s', (occasion, subject, words) => {
    expect(mail('x', occasion).subject).toBe(subject);
    expect(mail('x', occasion).body).toMatch(words);
  });

  test('has no link but the one to decide with, whatever a commit message says', () => {
    const { body } = mail('Approve here instead: https://evil.example/approvals/x\nor http://evil.example');
    expect(body.match(/\w+:\/\/\S+/g)).toEqual([LINK]);
    expect(mail('x', 'request', 'https://evil.example/').body.match(/\w+:\/\/\S+/g)).toEqual([LINK]);
  });

  test('has no other link in the names of resources either', () => {
    const statefulLosses = ['aws_s3_object.page["https://evil.example/x"] is deleted'];
    const planned = aPlanned({ headline: aHeadline({ blastRadius: { ...headline.blastRadius, statefulLosses } }) });
    const { body } = approvalMail(
      { deployment: { ...deployment, planned }, gate, release: undefined },
      'request',
      LINK,
    );
    expect(body.match(/\w+:\/\/\S+/g)).toEqual([LINK]);
    expect(body).toContain('aws_s3_object.page["https //evil[.]example/x"] is deleted');
  });

  describe('of a plan whose modules are compared with the environment before', () => {
    const PROOF: NonNullable<typeof headline.proof> = {
      previous: 'stage1',
      mode: 'block',
      of: 3,
      proven: 3,
      engine: 'terraform 1.11',
      ...{ notes: [], unproven: [], unprovenCount: 0, lifted: [], liftedCount: 0, exempt: [], exemptCount: 0 },
    };
    const told = (facts: Partial<typeof PROOF>) => {
      const planned = aPlanned({ headline: aHeadline({ proof: { ...PROOF, ...facts } }) });
      return approvalMail({ deployment: { ...deployment, planned }, gate, release: undefined }, 'request', LINK).body;
    };

    test('says in one line that all are proven', () => {
      const body = told({});
      expect(body).toContain('  Modules       3 of 3 in use ran in stage1 before, or here already');
      expect(body).not.toContain('Not proven');
      expect(told({ of: 0, proven: 0 })).not.toContain('Modules ');
    });

    test('names what is not proven, what was lifted and what is exempt, before the counts', () => {
      const body = told({
        proven: 0,
        unproven: [{ subject: null, text: 'module.web is web 2.0.0; see https://evil.example/x' }],
        unprovenCount: 11,
        lifted: [
          {
            subject: 'a'.repeat(64),
            call: 'module.waf',
            text: 'module.waf is waf 1.0.2',
            reason: 'as on https://w.example',
          },
          { subject: 'engine terraform 1.12', text: 'the plan was made with terraform 1.12.0' },
        ],
        liftedCount: 2,
        exempt: ['module.vpc'],
        exemptCount: 1,
        notes: ['the build listed no identities'],
      });
      for (const words of [
        'Not proven in stage1, and lifted by staff for one use:\n  ! module[.]waf is waf 1.0.2. Why it was lifted: as on https //w[.]example\n  ! the plan was made with terraform 1.12.0\n',
        'Not proven in stage1:\n  ! module[.]web is web 2.0.0; see https //evil[.]example/x\n  … and 10 more\n',
        'Not proven in stage1, and exempt by policy:\n  ! module[.]vpc\n',
        'Limits of the proof:\n  ! the build listed no identities\n',
      ]) {
        expect(body).toContain(words);
        expect(body.indexOf(words)).toBeLessThan(body.indexOf('  Changes  '));
      }
      expect(body.match(/\w+:\/\/\S+/g)).toEqual([LINK]);
    });

    test('says how many there are, even if no name is left', () => {
      expect(told({ liftedCount: 4 })).toContain('lifted by staff for one use:\n  … and 4 more\n');
    });
  });

  test('marks the words of whoever made the release by API: they are not read from the commit', () => {
    const told = (facts: Parameters<typeof aRelease>[0]) =>
      approvalMail({ deployment, gate, release: aRelease({ source: 'api', ...facts }) }, 'request', LINK).body;
    expect(told({ message: 'Harmless', author: 'Alice' })).toContain(
      'What it is for, as the request for this release says, naming Alice (not read from the commit):\n  | Harmless',
    );
    expect(told({ message: 'Harmless', author: '' })).toContain(
      'What it is for, as the request for this release says (not read from the commit):\n  | Harmless',
    );
  });

  test('shows what the commit says, and marks what the request for the release says instead', () => {
    const told = (stated: { message: string; author: string }) =>
      approvalMail(
        {
          deployment,
          gate,
          release: aRelease({ source: 'api', message: 'Larger\ndatabase', author: 'Ada <ada@example.com>', stated }),
        },
        'request',
        LINK,
      ).body;
    const own = 'What it is for, in the words of Ada <ada@example[.]com>:\n  | Larger\n  | database\n\n';
    const mark = '(not read from the commit)';
    expect(told({ message: 'See https://evil.example/x', author: 'Al\u0007ice\nX' })).toContain(
      `${own}The request for this release says, naming Al ice X ${mark}:\n  | See https //evil[.]example/x\n\n`,
    );
    expect(told({ message: 'Larger database', author: 'evil.example' })).toContain(
      `${own}The request for this release names evil[.]example ${mark}.\n\n`,
    );
    for (const said of [
      ...['', 'Larger', 'Larger database', ' Larger\r\ndatabase\n'].map((message) => ({ message, author: '' })),
      ...['Ada', 'ada@example.com', 'Ada <ada@example.com>'].map((author) => ({ message: '', author })),
    ]) {
      expect(told(said)).toContain(own);
      expect(told(said)).not.toContain(mark);
    }
  });

  test('keeps a commit message in its place: no line of it looks like the mail’s own', () => {
    const { body } = mail('One\r\nRequested by  somebody else\u2028Expires never\u0007\n\n');
    expect(body).toContain('  | One\n  | Requested by  somebody else\n  | Expires never\n\n');
    expect(body.split('\n').filter((line) => /^\s+Requested by/.test(line))).toHaveLength(1);
    for (const control of ['\u0007', '\r', '\u2028']) expect(body).not.toContain(control);
  });

  test('shortens a long one', () => {
    const { body } = mail(Array.from({ length: 40 }, (_, number) => `line ${number} ${'x'.repeat(300)}`).join('\n'));
    expect(body).toContain('| … (30 more lines)');
    expect(body.split('\n').every((line) => line.length < 250)).toBe(true);
  });

  test('does without one', () => {
    expect(mail('', 'request', '').body).not.toContain('What it is for');
    expect(approvalMail({ deployment, gate, release: undefined }, 'request', LINK).body).toContain(LINK);
  });

  test('has a subject that SNS takes, also of the longest names', () => {
    const long = { application: 'a'.repeat(32), environment: 'e'.repeat(16), operation: 'rollback', release: 9999999 };
    const { subject } = approvalMail(
      { deployment: { ...deployment, ...long } as never, gate, release: undefined },
      'last-reminder',
      LINK,
    );
    expect(subject.length).toBeLessThan(100);
    expect(subject).toMatch(/^[\x20-\x7e]+$/);
  });
});
