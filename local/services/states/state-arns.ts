/** `arn:aws:states:<region>:<account>:stateMachine:<machine>` as the start of the ARNs of its executions. */
export function executionArn(machineArn: string, executionName: string): string {
  return `${machineArn.replace(':stateMachine:', ':execution:')}:${executionName}`;
}

/** The state machine that an execution belongs to, from the execution's ARN alone. */
export function machineArnOf(executionArnText: string): string {
  return executionArnText.replace(':execution:', ':stateMachine:').split(':').slice(0, 7).join(':');
}
