//! A private server: started, restarted, refused, ended with its owner.

mod life;
