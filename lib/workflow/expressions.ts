import { Condition } from 'aws-cdk-lib/aws-stepfunctions';
import { UNANSWERED } from '../../lambdas/domain/contract/start-errors.ts';

/** JSONata expressions that the states share. */

/** The output of each state, which the next state gets and the console shows. */
export const OUTPUT = '{% {"deploymentId": $deploymentId} %}';

/** The whole answer of a function. */
export const ANSWER = '{% $states.result.Payload %}';

const failureAt = (state: string) => ({
  state,
  error: '{% $states.errorOutput.Error %}',
  cause: '{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : "" %}',
});

/** Keeps where and why a task failed, for RecordFailure. An error without a cause gets an empty cause. */
export const FAILURE = {
  errors: ['States.ALL'],
  outputs: '{% {} %}',
  assign: { failure: failureAt('{% $states.context.State.Name %}') },
};

/** Keeps why a build failed, in a state that goes on with the start of another one. */
export const failureOf = (state: string) => ({ ...FAILURE, assign: { failure: failureAt(state) } });

/**
 * Keeps that StartBuild gave no answer, and since when: a first try may have been answered, and the error may be one of
 * looking at the build later.
 */
export const NO_ANSWER = {
  errors: [...UNANSWERED],
  outputs: OUTPUT,
  assign: {
    ...FAILURE.assign,
    unansweredAt:
      '{% $states.context.State.RetryCount > 0 ? $millis() : $toMillis($states.context.State.EnteredTime) %}',
  },
};

/**
 * Whether the token of an unanswered StartBuild leads to the build that may have been started: it is valid for five
 * minutes, and the call may have taken a minute. Source:
 * https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
 */
export const IS_TOKEN_VALID = '$millis() - $unansweredAt < 210000';

/** Keeps why DNS or a certificate failed, with the reason and the message that the function answered. */
export const dnsFailure = (state: string) => ({
  assign: { failure: { state, error: '{% $dns.reason %}', cause: '{% $dns.message %}' } },
});

/** Returns the failure of a choice that has no rule for the answer in the variable. */
export const unexpectedAnswer = (variable: string) => ({
  failure: {
    state: '{% $states.context.State.Name %}',
    error: 'UnexpectedAnswer',
    cause: `{% "no rule for " & $string(${variable}) %}`,
  },
});

/** Returns the condition that the variable has this answer and that the plan must pass the gate, if one is named. */
export const is = (variable: string, answer: string, gate?: 'staff' | 'client'): Condition =>
  Condition.jsonata(`{% ${variable} = "${answer}"${gate ? ` and "${gate}" in $analysis.gates` : ''} %}`);

/** Returns the condition that the variable is true. */
export const isTrue = (variable: string): Condition => Condition.jsonata(`{% ${variable} %}`);
