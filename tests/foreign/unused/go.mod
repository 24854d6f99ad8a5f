// Stands for a module that the oracle only needs for programs that are not used here.
module sigsum.org/sigsum-go

go 1.24
