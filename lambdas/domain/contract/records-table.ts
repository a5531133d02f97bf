/** The attribute of the table of records with the time, in seconds, after which DynamoDB deletes a record. */
export const TIME_TO_LIVE = 'expiresAtEpoch';
