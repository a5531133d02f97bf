import { Condition } from 'aws-cdk-lib/aws-stepfunctions';

/** JSONata expressions that the states share. */

/** The output of each state, which the next state gets and the console shows. */
export const OUTPUT = '{% {"deploymentId": $deploymentId} %}';

/** The whole answer of a function. */
export const ANSWER = '{% $states.result.Payload %}';

/** Keeps where and why a task failed, for RecordFailure. An error without a cause gets an empty cause. */
export const FAILURE = {
  errors: ['States.ALL'],
  outputs: '{% {} %}',
  assign: {
    failure: {
      state: '{% $states.context.State.Name %}',
      error: '{% $states.errorOutput.Error %}',
      cause: '{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : "" %}',
    },
  },
};

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
