import { Aws, CfnCondition, CfnParameter, Fn } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { PLAN_READS, type PlanReads } from '../lambdas/domain/contract/plan-reads.ts';

/** What plans may always read, under the name of the parameter that can list more. */
type Always = Readonly<Partial<Record<PlanReads['parameter'], readonly string[]>>>;

/** A statement as IAM reads it. CDK's PolicyStatement does not support elements that depend on a condition. */
type StatementJson = Readonly<Record<string, unknown>>;

/** A separator that no ARN has. Lists are joined and split with it, because CloudFormation cannot append to a list. */
const BETWEEN_ARNS = '\n';

/**
 * Forbids plans to read data, with a parameter of the stack for each kind of data. It uses Deny, because the policy
 * that allows the reading is AWS's own, and `NotResource`, because an Allow cannot make an exception from a Deny.
 */
export function planReadsStatements(scope: Construct, always: Always): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    PLAN_READS.map((reads) => [reads.parameter, statementOf(scope, reads, always[reads.parameter] ?? [])]),
  );
}

function statementOf(scope: Construct, reads: PlanReads, always: readonly string[]): unknown {
  const { parameter, actions } = reads;
  const statement = { Sid: `No${parameter}`, Effect: 'Deny', Action: actions };
  return reads.given === 'whole'
    ? deniedAsAWhole(scope, reads, statement)
    : { ...statement, ...resourcesBut(scope, reads, always) };
}

function deniedAsAWhole(scope: Construct, reads: PlanReads, statement: StatementJson): unknown {
  const parameter = new CfnParameter(scope, reads.parameter, {
    type: 'String',
    description: `*: plans may read ${reads.what}; empty: they may not`,
    allowedValues: ['', '*'],
    default: '',
  });
  const isDenied = new CfnCondition(scope, `Is${reads.parameter}Empty`, {
    expression: Fn.conditionEquals(parameter.valueAsString, ''),
  });
  const Resource = reads.resources?.map((part) => `arn:${Aws.PARTITION}:${part}`) ?? '*';
  return Fn.conditionIf(isDenied.logicalId, { ...statement, Resource }, Aws.NO_VALUE);
}

/** Returns the elements for all resources except the listed ones. IAM does not accept an empty list. */
function resourcesBut(scope: Construct, { parameter, what }: PlanReads, always: readonly string[]): StatementJson {
  const list = new CfnParameter(scope, parameter, {
    type: 'CommaDelimitedList',
    description: `ARNs of what plans may read of ${what}; *: all of it; empty: nothing`,
    allowedPattern: '^$|^\\*$|^arn:[^\\s,]+$',
    constraintDescription: 'must be ARNs with commas between them, * or nothing',
    default: '',
  });
  const isEmpty = new CfnCondition(scope, `Is${parameter}Empty`, {
    expression: Fn.conditionEquals(Fn.join('', list.valueAsList), ''),
  });
  const choose = (whenEmpty: unknown, otherwise: unknown) => Fn.conditionIf(isEmpty.logicalId, whenEmpty, otherwise);
  if (always.length === 0)
    return { Resource: choose('*', Aws.NO_VALUE), NotResource: choose(Aws.NO_VALUE, list.valueAsList) };
  const listed = Fn.join(BETWEEN_ARNS, [...always, Fn.join(BETWEEN_ARNS, list.valueAsList)]);
  return { NotResource: choose(always, Fn.split(BETWEEN_ARNS, listed)) };
}
