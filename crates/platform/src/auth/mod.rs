//! Identity: who signed this token, and whom does it name?
