import type { State, TaskStateBase } from 'aws-cdk-lib/aws-stepfunctions';
import { REFUSED_FOR_NOW, UNANSWERED } from '../../lambdas/domain/contract/start-errors.ts';
import { ENDING_NAMES } from '../../lambdas/domain/endings.ts';
import { NOT_HOLDER } from '../../lambdas/domain/errors.ts';
import { dnsFailure, FAILURE, failureOf, is, isTrue, NO_ANSWER, OUTPUT } from './expressions.ts';
import type { BuildStates, GateStates, States } from './states.ts';

/** Connects the states, in the order in which they run, and returns the first one. */
export function wire(states: States): State {
  acquireEnvironment(states);
  ensureCertificate(states);
  makePlan(states);
  passGate(states, states.staff);
  passGate(states, states.client);
  applyPlan(states);
  publishDns(states);
  recordAndRelease(states);
  return states.task('AcquireEnvironment');
}

/** Lets only the deployment that holds the environment continue. Any other deployment has changed nothing. */
function acquireEnvironment(states: States): void {
  states
    .task('AcquireEnvironment')
    .addCatch(states.notHolder, { errors: [NOT_HOLDER] })
    .addCatch(states.record('failed'), {
      ...FAILURE,
      // A failed task assigns no variables, and the next states need the id.
      assign: { ...FAILURE.assign, deploymentId: '{% $states.input.deploymentId %}' },
    })
    .next(states.choice('NeedsCertificate?'));
}

/**
 * Where the environment has DNS, each call of EnsureCertificate does one step towards an issued certificate. A Wait
 * state waits between the calls, so no build runs meanwhile. The plan gets the certificate.
 */
function ensureCertificate(states: States): void {
  const ensure = states.task('EnsureCertificate');
  const failure = states.record('failed');
  states.choice('NeedsCertificate?').when(isTrue('$needsCertificate'), ensure).otherwise(states.task('PreparePlan'));
  go(states, ensure, states.choice('IsCertificateReady?'));
  states
    .choice('IsCertificateReady?')
    .when(is('$dns.outcome', 'ready'), states.task('PreparePlan'))
    .when(is('$dns.outcome', 'pending'), states.waitForCertificate)
    .when(is('$dns.outcome', 'canceled'), states.record('canceled'))
    .when(is('$dns.outcome', 'failed'), failure, dnsFailure('EnsureCertificate'))
    .otherwise(failure);
  states.waitForCertificate.next(ensure);
}

/**
 * PreparePlan composes the plan build, its ticket for credentials, and a build that inspects the plan. Plan runs
 * `terraform plan` in CodeBuild. AnalyzePlan reads the results and decides what comes next. Code of the repository ran
 * in the plan build. Where a decision depends on the plan, Inspect therefore reads it in a build in which no code of
 * the repository runs, and AnalyzePlan runs again. The payload of AnalyzePlan says whether the plan was inspected, so
 * that it is inspected only once.
 */
function makePlan(states: States): void {
  go(states, states.task('PreparePlan'), states.plan.start);
  startBuild(states, states.plan);
  startBuild(states, states.inspect);
  states.waitForPlan.next(states.task('PreparePlan'));
  go(states, states.task('AnalyzePlan'), states.choice('WhatNext?'));
  states
    .choice('WhatNext?')
    .when(is('$analysis.next', 'inspect'), states.inspect.start)
    .when(is('$analysis.next', 'blocked'), states.record('blocked'))
    .when(is('$analysis.next', 'no-changes'), states.choice('NeedsDns?'))
    .when(is('$analysis.next', 'canceled'), states.record('canceled'))
    .when(is('$analysis.next', 'gates', 'staff'), states.staff.request)
    .when(is('$analysis.next', 'gates', 'client'), states.client.request)
    .when(is('$analysis.next', 'apply'), states.task('ConsumePlan'))
    .otherwise(states.record('failed'));
}

/**
 * Starts a build before the apply. If StartBuild gives no answer, the same token leads to the same build for some
 * minutes. After that a build may run that nobody knows; PreparePlan makes it void, and begins the next attempt.
 */
function startBuild(states: States, { name, start, resume }: BuildStates): void {
  const again = { errors: [...UNANSWERED, ...REFUSED_FOR_NOW, 'States.QueryEvaluationError'], outputs: OUTPUT };
  go(states, start.addCatch(resume, NO_ANSWER), states.task('AnalyzePlan'));
  resume
    .addCatch(states.waitForPlan, { ...again, assign: { unstarted: '{% $plan.IdempotencyToken %}' } })
    .addCatch(states.record('failed'), failureOf(name))
    .next(states.task('AnalyzePlan'));
}

/**
 * A gate is requested, waited for with a task token, and settled; the staff gate comes before the client gate. Settling
 * ignores what came back with the token and reads the recorded decision, so calling SendTaskSuccess is not enough to
 * approve. When a token comes back without a decision, the execution waits again.
 */
function passGate(states: States, gate: GateStates): void {
  const failure = states.record('failed');
  go(states, gate.request, gate.isReachable);
  gate.isReachable
    .when(is('$gate.outcome', 'asked'), gate.wait)
    .when(is('$gate.outcome', 'blocked'), states.record('blocked'))
    .otherwise(failure);
  gate.wait.addCatch(gate.settle, { errors: ['States.Timeout'], outputs: OUTPUT });
  go(states, gate.wait, gate.settle);
  go(states, gate.settle, gate.isApproved);
  if (gate === states.staff) gate.isApproved.when(is('$gate.outcome', 'approved', 'client'), states.client.request);
  gate.isApproved
    .when(is('$gate.outcome', 'approved'), states.task('CheckPlan'))
    .when(is('$gate.outcome', 'rejected'), states.record('rejected'))
    .when(is('$gate.outcome', 'expired'), states.record('expired'))
    .when(is('$gate.outcome', 'canceled'), states.record('canceled'))
    .when(is('$gate.outcome', 'superseded'), states.record('superseded'))
    .when(is('$gate.outcome', 'open'), gate.wait)
    .otherwise(failure);
}

/**
 * Approvals may have taken days, so CheckPlan checks whether the plan is still about the current state. A stale plan is
 * made again. Approvals carry over if the new plan means the same; AnalyzePlan says which gates are left. ConsumePlan
 * uses the approved plan up, once, after checking everything again. While applies are banned, it waits, and then the plan
 * is checked again. Apply applies exactly that plan. The execution must not stop it, so it has no timeout of its own
 * (the timeout of CodeBuild counts) and no parallel sibling. A plan that Terraform itself refuses as stale is made again
 * too, a limited number of times.
 *
 * Whatever error Apply ends with, a build may be applying: InspectFailedApply asks what the build itself left. While one
 * runs, the execution waits. If none has begun, none can any more, and the plan may be consumed once again. When
 * InspectFailedApply keeps failing, nothing is released: the reconciler repairs the deployment when the build has ended.
 */
function applyPlan(states: States): void {
  const failure = states.record('failed');
  go(states, states.task('CheckPlan'), states.choice('IsPlanCurrent?'));
  states
    .choice('IsPlanCurrent?')
    .when(is('$check.outcome', 'current'), states.task('ConsumePlan'))
    .when(is('$check.outcome', 'stale'), states.task('PreparePlan'))
    .otherwise(failure);

  const inspection = states.task('InspectFailedApply');
  states.task('ConsumePlan').addCatch(inspection, FAILURE).next(states.choice('IsPlanConsumed?'));
  states
    .choice('IsPlanConsumed?')
    .when(is('$consumption.outcome', 'consumed'), states.apply.start)
    .when(is('$consumption.outcome', 'canceled'), states.record('canceled'))
    .when(is('$consumption.outcome', 'blocked'), states.record('blocked'))
    .when(is('$consumption.outcome', 'banned'), states.waitForApplies)
    .when(is('$consumption.outcome', 'unchecked'), states.task('CheckPlan'))
    .otherwise(failure);

  states.waitForApplies.next(states.task('ConsumePlan'));
  const { name, start, resume } = states.apply;
  start.addCatch(resume, NO_ANSWER).addCatch(inspection, FAILURE).next(states.task('RecordOutputs'));
  resume
    // The error that was not answered stays the failure, because it says whether another attempt may succeed.
    .addCatch(inspection, { errors: [...REFUSED_FOR_NOW, 'States.QueryEvaluationError'], outputs: OUTPUT })
    .addCatch(inspection, failureOf(name))
    .next(states.task('RecordOutputs'));
  inspection
    .addCatch(failure, { errors: [NOT_HOLDER], outputs: OUTPUT })
    .addCatch(states.stuck, { errors: ['States.ALL'] })
    .next(states.choice('WhatBecameOfApply?'));
  states
    .choice('WhatBecameOfApply?')
    .when(is('$inspection.outcome', 'stale'), states.task('PreparePlan'))
    .when(is('$inspection.outcome', 'running'), states.waitForApplyEnd)
    .when(is('$inspection.outcome', 'succeeded'), states.task('RecordOutputs'))
    .when(is('$inspection.outcome', 'not-begun'), states.waitForApply)
    .otherwise(failure);
  states.waitForApplyEnd.next(inspection);
  states.waitForApply.next(states.task('CheckPlan'));

  go(states, states.task('RecordOutputs'), states.choice('NeedsDns?'));
}

/**
 * Step by step like EnsureCertificate, PublishDns points the hostname at the target in the outputs, or removes records
 * and certificate of an environment that was destroyed.
 */
function publishDns(states: States): void {
  const publish = states.task('PublishDns');
  const [success, failure] = [states.record('succeeded'), states.record('failed')];
  states.choice('NeedsDns?').when(isTrue('$needsDns'), publish).otherwise(success);
  go(states, publish, states.choice('IsDnsPublished?'));
  states
    .choice('IsDnsPublished?')
    .when(is('$dns.outcome', 'done'), success)
    .when(is('$dns.outcome', 'pending'), states.waitForDns)
    .when(is('$dns.outcome', 'failed'), failure, dnsFailure('PublishDns'))
    .otherwise(failure);
  states.waitForDns.next(publish);
}

/**
 * Every ending is recorded and announced. What was applied is kept with the environment. Then the environment is
 * released to the next deployment in the queue, and the execution ends with the ending's name. After RecordSuccess, no
 * error turns the deployment into a failed one. When recording or releasing still fails after 15 minutes of retries, the
 * execution ends at Stuck and the reconciler repairs it.
 */
function recordAndRelease(states: States): void {
  const keep = states.task('KeepTree');
  const release = states.task('ReleaseEnvironment');
  const onlyStuck = { errors: ['States.ALL'] };
  for (const ending of ENDING_NAMES) {
    const announce = states.task(ending === 'succeeded' ? 'AnnounceSuccess' : 'AnnounceEnding');
    states.record(ending).addCatch(states.stuck, onlyStuck).next(announce);
  }
  for (const name of ['AnnounceSuccess', 'AnnounceEnding'] as const)
    states
      .task(name)
      .addCatch(keep, { errors: ['States.ALL'], outputs: OUTPUT })
      .next(keep);
  keep.addCatch(release, { errors: ['States.ALL'], outputs: OUTPUT }).next(release);

  const howDidItEnd = states.choice('HowDidItEnd?');
  release.addCatch(states.stuck, onlyStuck).next(howDidItEnd);
  for (const ending of ENDING_NAMES)
    if (ending !== 'failed') howDidItEnd.when(is('$ending', ending), states.end(ending));
  howDidItEnd.otherwise(states.end('failed'));
}

/** Connects a task with its next state. When the task fails, the deployment fails. */
function go(states: States, task: TaskStateBase, next: State): void {
  task.addCatch(states.record('failed'), FAILURE).next(next);
}
