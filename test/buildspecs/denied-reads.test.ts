import { afterEach, describe, expect, it } from '@jest/globals';
import { type Diagnostic, PhaseError } from '../../buildspecs/program/build/failure.ts';
import { deniedReadsIn, withDeniedReads } from '../../buildspecs/program/engine/denied-reads.ts';
import { planFailureOf } from './build-runs.ts';
import { event, ProgramRun } from './program-runs.ts';

const USER = 'User: arn:aws:sts::222222222222:assumed-role/stagegate-shop-prod1-plan/shop-prod1-7-abc123';
const DENIED = 'with an explicit deny in an identity-based policy';
const request = (service: string, operation: string, status = 400) =>
  `operation error ${service}: ${operation}, https response error StatusCode: ${status}, RequestID: 8d0a4b1e-5d0f-4b52-9a7e-2f1f2f1c0d11`;
const accessDenied = `api error AccessDeniedException: ${USER} is not authorized to perform:`;
const error = (summary: string, more: Partial<Diagnostic> = {}): Diagnostic => ({
  severity: 'error',
  summary,
  ...more,
});
const PARAMETER = 'arn:aws:ssm:eu-west-1:222222222222:parameter/shop/token';

const parameterDenied = `reading SSM Parameter (/shop/token): ${request('SSM', 'GetParameter')}, ${accessDenied} ssm:GetParameter on resource: ${PARAMETER} ${DENIED}`;
const listed = (diagnostics: readonly Diagnostic[]) =>
  deniedReadsIn(diagnostics).map(({ action, reads, listed: arn }) => [action, reads.parameter, arn]);

describe('a read that the plan role is refused', () => {
  it.each<[string, Diagnostic, unknown[]]>([
    ['a parameter', error(parameterDenied), ['ssm:GetParameter', 'PlanReadsParameters', PARAMETER]],
    [
      'a function, with the policy named behind the sentence',
      error(
        `reading Lambda Function (shop-api): ${request('Lambda', 'GetFunction', 403)}, ${accessDenied} lambda:GetFunction on resource: arn:aws:lambda:eu-west-1:222222222222:function:shop-api ${DENIED}: arn:aws:iam::222222222222:policy/stagegate-shop-prod1-plan`,
      ),
      ['lambda:GetFunction', 'PlanReadsFunctions', 'arn:aws:lambda:eu-west-1:222222222222:function:shop-api'],
    ],
    [
      'an object, whose ARN S3 quotes, with what no list can hold',
      error(
        `reading S3 Object (a b.json) body: ${request('S3', 'GetObject', 403)}, api error AccessDenied: ${USER} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::shop-config/a b.json" ${DENIED}`,
      ),
      ['s3:GetObject', 'PlanReadsS3', 'arn:aws:s3:::shop-config/a?b.json'],
    ],
    [
      'user data, between the other sentences of EC2',
      error(
        `reading EC2 Instance (i-0abc): getting attribute (userData): ${request('EC2', 'DescribeInstanceAttribute', 403)}, api error UnauthorizedOperation: You are not authorized to perform this operation. ${USER} is not authorized to perform: ec2:DescribeInstanceAttribute on resource: arn:aws:ec2:eu-west-1:222222222222:instance/i-0abc ${DENIED}. Encoded authorization failure message: CnWuhDtDU8FQVg9q`,
      ),
      ['ec2:DescribeInstanceAttribute', 'PlanReadsInstances', 'arn:aws:ec2:eu-west-1:222222222222:instance/i-0abc'],
    ],
    [
      'launch templates, which have no ARN here',
      error(
        `reading EC2 Launch Template (lt-0abc) Version (1): ${request('EC2', 'DescribeLaunchTemplateVersions', 403)}, api error UnauthorizedOperation: You are not authorized to perform this operation. ${USER} is not authorized to perform: ec2:DescribeLaunchTemplateVersions ${DENIED}`,
      ),
      ['ec2:DescribeLaunchTemplateVersions', 'PlanReadsLaunchTemplates', '*'],
    ],
    [
      'a message, whose action SQS writes small',
      error(`${accessDenied} sqs:receivemessage on resource: arn:aws:sqs:eu-west-1:222222222222:orders ${DENIED}`),
      ['sqs:receivemessage', 'PlanReadsQueues', 'arn:aws:sqs:eu-west-1:222222222222:orders'],
    ],
    [
      'what is told in the detail, over several lines',
      error('reading Parameter', {
        detail: `${accessDenied} ssm:GetParameter on\nresource: ${PARAMETER}\n${DENIED}`,
      }),
      ['ssm:GetParameter', 'PlanReadsParameters', PARAMETER],
    ],
    [
      'a name that AWS did not find: its wildcard would give all of them',
      error(`${accessDenied} ssm:GetParameter on resource: arn:aws:ssm:eu-west-1:222222222222:* ${DENIED}`),
      ['ssm:GetParameter', 'PlanReadsParameters', undefined],
    ],
    [
      'the head of an object, which S3 refuses without a word',
      error(
        `reading S3 Object (shop-config/app.json): ${request('S3', 'HeadObject', 403)}, HostID: mzGyiL6Rf7xF, api error Forbidden: Forbidden`,
      ),
      ['s3:GetObject', 'PlanReadsS3', undefined],
    ],
    [
      'the state of another environment, as data',
      error('Error loading state error', {
        address: 'data.terraform_remote_state.network',
        detail: `error loading the remote state: Unable to access object "network.tfstate" in S3 bucket "b": ${request('S3', 'HeadObject', 403)}, HostID: H, api error Forbidden: Forbidden`,
      }),
      ['s3:GetObject', 'PlanReadsS3', undefined],
    ],
  ])('is recognised: %s', (_, diagnostic, expected) => {
    expect(listed([diagnostic])).toEqual([expected]);
  });

  it.each([
    [
      'is not allowed by any policy',
      `${accessDenied} ssm:GetParameter on resource: ${PARAMETER} because no identity-based policy allows the ssm:GetParameter action`,
    ],
    [
      'is denied by the organisation',
      `${accessDenied} ssm:GetParameter on resource: ${PARAMETER} with an explicit deny in a service control policy`,
    ],
    [
      'is denied by the bucket',
      `${accessDenied} s3:GetObject on resource: "arn:aws:s3:::stagegate-state/x" with an explicit deny in a resource-based policy`,
    ],
    [
      'is no data',
      `${accessDenied} iam:GetRole on resource: arn:aws:iam::222222222222:role/stagegate-shop-prod1-plan ${DENIED}`,
    ],
    [
      'is the state itself',
      'Unable to access object "a.tfstate" in S3 bucket "b": operation error S3: HeadObject, https response error StatusCode: 403, RequestID: R, HostID: H, api error Forbidden: Forbidden',
    ],
    ['does not exist', `reading S3 Object (a): ${request('S3', 'HeadObject', 404)}, api error NotFound: Not Found`],
  ])('is not what %s', (_, summary) => {
    expect(listed([error(summary)])).toEqual([]);
  });

  it('is told apart from a refusal of another kind in the same text', () => {
    const other = `${accessDenied} s3:GetObject on resource: arn:aws:s3:::a/b because no identity-based policy allows the s3:GetObject action`;
    expect(listed([error(`${other}; ${parameterDenied}`)])).toEqual([
      ['ssm:GetParameter', 'PlanReadsParameters', PARAMETER],
    ]);
  });

  it('is told once, however many resources ask for it, and never for a warning', () => {
    const again = [error(parameterDenied, { address: 'aws_ssm_parameter.a' }), error(parameterDenied)];
    expect(listed([...again, { severity: 'warning', summary: parameterDenied.replace('token', 'x') }])).toHaveLength(1);
  });
});

describe('the failure of a plan', () => {
  const explain = (diagnostics: readonly Diagnostic[]) => {
    const lines: string[] = [];
    const told = withDeniedReads(new PhaseError('plan', 'reading it', { diagnostics }), (line) => lines.push(line));
    if (!(told instanceof PhaseError)) throw new Error('no PhaseError');
    return { message: told.message, lines };
  };
  const parameter = (name: string) => error(parameterDenied.replaceAll('/shop/token', `/shop/${name}`));

  it('begins with what has to be named where, and ends in the engine’s own words', () => {
    expect(explain([error(parameterDenied)]).message).toBe(
      `plans read data only where the stack of the environment's roles names it: ssm:GetParameter needs PlanReadsParameters=${PARAMETER} (reading it)`,
    );
  });

  it('says which resource it is, where AWS does not say which object', () => {
    const head = `reading S3 Object (app.json): ${request('S3', 'HeadObject', 403)}, api error Forbidden: Forbidden`;
    expect(explain([error(head, { address: 'aws_s3_object.app' })]).message).toContain(
      's3:GetObject by aws_s3_object.app needs the ARN of what it reads in PlanReadsS3',
    );
  });

  it('names a few of many, and all of them in the log', () => {
    const { message, lines } = explain(['a', 'b', 'c', 'd', 'e'].map(parameter));
    expect(message).toContain('parameter/shop/c and 2 more, see the log');
    expect(lines.filter((line) => line.includes('PlanReadsParameters='))).toHaveLength(5);
  });

  it('stays as it is where nothing was denied like this', () => {
    const other = new PhaseError('plan', 'Unsupported argument', { diagnostics: [error('Unsupported argument')] });
    expect(withDeniedReads(other, () => {})).toBe(other);
    const broken = new TypeError('x');
    expect(withDeniedReads(broken, () => {})).toBe(broken);
  });
});

describe('a build', () => {
  const runs: ProgramRun[] = [];
  afterEach(() => {
    for (const run of runs.splice(0)) run.remove();
  });
  const failing = () => ({
    exitCode: 1,
    lines: [event({ type: 'diagnostic', diagnostic: { severity: 'error', summary: parameterDenied } })],
  });
  const begin = (steps: ProgramRun['steps']) => {
    const run = new ProgramRun(undefined, steps);
    runs.push(run);
    return run;
  };

  it.each(['init', 'plan'])('that is refused data in %s says where to name it', async (step) => {
    const { result } = await begin({ [step]: failing }).plan();
    expect(planFailureOf(result)).toMatchObject({ phase: step });
    expect(planFailureOf(result).message).toContain(`ssm:GetParameter needs PlanReadsParameters=${PARAMETER}`);
  });

  it('that applies says nothing of what plans may read', async () => {
    const run = begin({ apply: failing });
    await run.plan();
    const { result } = await run.apply();
    expect(JSON.stringify(result)).not.toContain('PlanReads');
  });
});
