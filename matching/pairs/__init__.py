"""Which lot may serve which demand line, on which days, and why not."""
