import { Condition } from 'aws-cdk-lib/aws-stepfunctions';

/** JSONata that the states share. */

/** What each state hands on, and what the console shows of it. */
export const OUTPUT = '{% {"deploymentId": $deploymentId} %}';

/** The whole of what a function answered. */
export const ANSWER = '{% $states.result.Payload %}';

/** Where and why a task failed; RecordFailure passes it on. An error without a cause gets an empty one. */
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

/** What stands in the way of DNS or a certificate, in the words of the function that met it. */
export const dnsFailure = (state: string) => ({
  assign: { failure: { state, error: '{% $dns.reason %}', cause: '{% $dns.message %}' } },
});

/** The failure of a choice without a rule for the answer that the variable holds. */
export const unexpectedAnswer = (variable: string) => ({
  failure: {
    state: '{% $states.context.State.Name %}',
    error: 'UnexpectedAnswer',
    cause: `{% "no rule for " & $string(${variable}) %}`,
  },
});

/** The variable holds this answer, and, when a gate is named, that gate is one of those the plan must pass. */
export const is = (variable: string, answer: string, gate?: 'staff' | 'client'): Condition =>
  Condition.jsonata(`{% ${variable} = "${answer}"${gate ? ` and "${gate}" in $analysis.gates` : ''} %}`);

/** The variable is true. */
export const isTrue = (variable: string): Condition => Condition.jsonata(`{% ${variable} %}`);
