/** Status of a claim on L1; the numbers are ResultClaims'. */
export const CLAIM_STATUS = { none: 0, open: 1, final: 2, overturned: 3, sunk: 4, void: 5 } as const;
